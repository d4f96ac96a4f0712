// The connection: hello, calls, ping, and coming back after a loss as the close codes ask. Knows nothing of rooms.

import { Backoff } from './net/backoff.ts';
import { CallFailure } from './net/failure.ts';
import { Rpc, type FrameLimits, type Settled } from './net/rpc.ts';
import { closeStops, SUBPROTOCOL, type Hello, type Json } from './protocol.ts';

export type Status =
  | { state: 'connecting' }
  | { state: 'connected'; again: boolean }
  | { state: 'offline'; retryAtMs: number }
  | { state: 'stopped'; code: number };

export interface ClientOptions {
  url: string;
  /** The parameters of `session.hello`, asked anew for every connection. */
  hello(): object;
  onHello(hello: Hello): void;
  onEvent(method: string, params: Json): void;
  onStatus(status: Status): void;
}

const CALL_TIMEOUT_MS = 15_000;
const PING_TIMEOUT_MS = 8_000;
const CONNECT_TIMEOUT_MS = 10_000;
const LOST_CODE = 1006;

export class Client {
  status: Status = { state: 'connecting' };
  private socket: WebSocket | undefined;
  private rpc: Rpc | undefined;
  private readonly backoff = new Backoff();
  private readonly limits: FrameLimits = { batchItems: 32, frameBytes: 128 * 1024 };
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private pingTimer: ReturnType<typeof setInterval> | undefined;
  private connectTimer: ReturnType<typeof setTimeout> | undefined;
  private drainDelayMs: number | undefined;
  private everConnected = false;

  constructor(private readonly options: ClientOptions) {
    window.addEventListener('online', () => this.retryNow());
    window.addEventListener('offline', () => this.dropSocket());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.retryNow();
    });
  }

  get connected(): boolean {
    return this.status.state === 'connected';
  }

  connect(): void {
    clearTimeout(this.retryTimer);
    this.setStatus({ state: 'connecting' });
    const socket = new WebSocket(this.options.url, SUBPROTOCOL);
    const rpc = new Rpc(
      (text) => socket.send(text),
      (method, params) => this.receiveEvent(method, params),
      this.limits,
    );
    this.socket = socket;
    this.rpc = rpc;
    this.connectTimer = setTimeout(() => this.dropSocket(), CONNECT_TIMEOUT_MS);
    socket.onopen = () => rpc.call('session.hello', this.options.hello(), CONNECT_TIMEOUT_MS, (outcome) => this.greeted(outcome));
    socket.onmessage = (message) => {
      if (typeof message.data === 'string') rpc.receive(message.data);
    };
    socket.onclose = (close) => this.lost(close.code);
  }

  /** Reconnects at once if a retry is pending. */
  retryNow(): void {
    if (this.status.state === 'offline') this.connect();
  }

  request<T>(method: string, params: object): Promise<T> {
    return new Promise((resolve, reject) => {
      const rpc = this.connected ? this.rpc : undefined;
      if (!rpc) {
        reject(CallFailure.disconnected());
        return;
      }
      rpc.call(method, params, CALL_TIMEOUT_MS, (outcome) => {
        if ('failure' in outcome) reject(outcome.failure);
        else resolve(outcome.result as T);
      });
    });
  }

  notify(method: string, params: object): void {
    if (this.connected) this.rpc?.notify(method, params);
  }

  /** Forgets the socket without a goodbye, as a network loss would; stays away for `holdMs` if given. */
  dropSocket(holdMs?: number): void {
    if (!this.socket) return;
    if (holdMs !== undefined) this.drainDelayMs = holdMs;
    this.socket.close();
    this.lost(LOST_CODE);
  }

  private greeted(outcome: Settled): void {
    // A refused hello is followed by its close code, which decides what happens next.
    if ('failure' in outcome) return;
    const hello = outcome.result as Hello;
    clearTimeout(this.connectTimer);
    this.limits.batchItems = hello.limits?.batch_items ?? this.limits.batchItems;
    this.limits.frameBytes = hello.limits?.frame_bytes ?? this.limits.frameBytes;
    this.backoff.reset();
    this.drainDelayMs = undefined;
    this.pingTimer = setInterval(() => this.ping(), hello.ping_ms || 25_000);
    const again = this.everConnected;
    this.everConnected = true;
    this.status = { state: 'connected', again };
    this.options.onHello(hello);
    this.options.onStatus(this.status);
  }

  private ping(): void {
    this.rpc?.call('ping', {}, PING_TIMEOUT_MS, (outcome) => {
      if ('failure' in outcome && outcome.failure.kind === 'timeout') this.dropSocket();
    });
  }

  private receiveEvent(method: string, params: Json): void {
    if (method === 'session.draining') this.drainDelayMs = Number(params['reconnect_after_ms'] ?? 0);
    this.options.onEvent(method, params);
  }

  private lost(code: number): void {
    const { socket, rpc } = this;
    if (!socket || !rpc) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    this.socket = this.rpc = undefined;
    clearInterval(this.pingTimer);
    clearTimeout(this.connectTimer);
    if (closeStops(code)) {
      this.setStatus({ state: 'stopped', code });
    } else {
      const waitMs = this.drainDelayMs ?? this.backoff.nextMs(code);
      this.drainDelayMs = undefined;
      this.retryTimer = setTimeout(() => this.connect(), waitMs);
      this.setStatus({ state: 'offline', retryAtMs: Date.now() + waitMs });
    }
    rpc.close();
  }

  private setStatus(status: Status): void {
    this.status = status;
    this.options.onStatus(status);
  }
}
