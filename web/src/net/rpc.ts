// JSON-RPC 2.0 over one socket: matches replies to calls, times them out, and batches both directions.

import type { Json, WireError } from '../protocol.ts';
import { CallFailure } from './failure.ts';

export type Settled = { result: unknown } | { failure: CallFailure };

interface Waiting {
  settle(outcome: Settled): void;
  timer: ReturnType<typeof setTimeout>;
}

interface Incoming {
  id?: number | string | null;
  method?: string;
  params?: Json;
  result?: unknown;
  error?: WireError;
}

export interface FrameLimits {
  batchItems: number;
  frameBytes: number;
}

export class Rpc {
  private nextId = 1;
  private waiting = new Map<number, Waiting>();
  private outgoing: string[] = [];
  private closed = false;

  constructor(
    private readonly sendFrame: (text: string) => void,
    private readonly onEvent: (method: string, params: Json) => void,
    readonly limits: FrameLimits,
  ) {}

  /** Sends a request; `settle` runs inside the frame's own turn, so it precedes the events behind the reply. */
  call(method: string, params: object, timeoutMs: number, settle: (outcome: Settled) => void): void {
    if (this.closed) {
      settle({ failure: CallFailure.disconnected() });
      return;
    }
    const id = this.nextId++;
    const timer = setTimeout(() => this.settle(id, { failure: CallFailure.timeout() }), timeoutMs);
    this.waiting.set(id, { settle, timer });
    this.enqueue({ jsonrpc: '2.0', id, method, params });
  }

  notify(method: string, params: object): void {
    if (!this.closed) this.enqueue({ jsonrpc: '2.0', method, params });
  }

  receive(text: string): void {
    const frame = JSON.parse(text) as Incoming | Incoming[];
    for (const item of Array.isArray(frame) ? frame : [frame]) this.receiveOne(item);
  }

  close(): void {
    this.closed = true;
    this.outgoing = [];
    for (const id of [...this.waiting.keys()]) this.settle(id, { failure: CallFailure.disconnected() });
  }

  private receiveOne(item: Incoming): void {
    if (item.method !== undefined) {
      this.onEvent(item.method, item.params ?? {});
    } else if (typeof item.id === 'number') {
      this.settle(item.id, item.error ? { failure: CallFailure.fromWire(item.error) } : { result: item.result });
    }
  }

  private settle(id: number, outcome: Settled): void {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    this.waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.settle(outcome);
  }

  /** Calls made in one turn leave together, so opening a room is one frame. */
  private enqueue(item: object): void {
    this.outgoing.push(JSON.stringify(item));
    if (this.outgoing.length === 1) queueMicrotask(() => this.flush());
  }

  private flush(): void {
    const items = this.outgoing;
    this.outgoing = [];
    for (const frame of packFrames(items, this.limits)) this.sendFrame(frame);
  }
}

/** Packs encoded items, in order, into frames within both limits; a lone item travels without an array. */
export function packFrames(items: string[], limits: FrameLimits): string[] {
  const encoder = new TextEncoder();
  const frames: string[] = [];
  let batch: string[] = [];
  let bytes = 2;
  const seal = () => {
    if (batch.length > 0) frames.push(batch.length === 1 ? batch[0]! : `[${batch.join(',')}]`);
    batch = [];
    bytes = 2;
  };
  for (const item of items) {
    const itemBytes = encoder.encode(item).length + 1;
    if (batch.length >= limits.batchItems || bytes + itemBytes > limits.frameBytes) seal();
    batch.push(item);
    bytes += itemBytes;
  }
  seal();
  return frames;
}
