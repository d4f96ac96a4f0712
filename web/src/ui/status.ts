// The state of the connection: a dot in the list's head, and a banner over everything when there is something to say.

import type { Client, Status } from '../client.ts';
import { h, setAttribute, setText } from './dom.ts';
import { t } from './text.ts';

const RESUMED_SHOWN_MS = 3_000;
const QUIET_CONNECT_MS = 800;
const TICK_MS = 250;

export class StatusView {
  readonly dot = h('span', { class: 'status', 'data-testid': 'status', 'data-state': 'connecting' }, t.connecting);
  private readonly text = h('span', {});
  private readonly button = h('button', { class: 'banner-button', type: 'button' });
  readonly banner = h('div', { class: 'banner', role: 'status', 'data-testid': 'banner', hidden: true }, this.text, this.button);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private client: Client | undefined;
  private tried = false;

  constructor() {
    this.button.addEventListener('click', () => {
      if (this.client?.status.state === 'stopped') location.reload();
      else this.client?.retryNow();
    });
  }

  attach(client: Client): void {
    this.client = client;
  }

  show(status: Status): void {
    clearTimeout(this.timer);
    const words = { connecting: t.connecting, connected: t.connected, offline: t.offline, stopped: t.stopped };
    setAttribute(this.dot, 'data-state', status.state);
    setText(this.dot, words[status.state]);
    setAttribute(this.banner, 'data-state', status.state);
    if (status.state === 'connecting') this.showConnecting();
    else if (status.state === 'connected') this.showConnected(status.again);
    else if (status.state === 'offline') this.countDown(status.retryAtMs);
    else this.say(stopText(status.code), t.reload);
    this.tried = true;
  }

  // A connection that comes quickly needs no words, so the first moment is silent.
  private showConnecting(): void {
    if (this.tried) this.say(t.connecting);
    else this.timer = setTimeout(() => this.say(t.connecting), QUIET_CONNECT_MS);
  }

  private showConnected(again: boolean): void {
    if (!again) {
      this.banner.hidden = true;
      return;
    }
    this.say(t.resumed);
    this.timer = setTimeout(() => (this.banner.hidden = true), RESUMED_SHOWN_MS);
  }

  private countDown(retryAtMs: number): void {
    const seconds = Math.max(1, Math.ceil((retryAtMs - Date.now()) / 1_000));
    this.say(t.retryIn(seconds), t.retryNow);
    this.timer = setTimeout(() => this.countDown(retryAtMs), TICK_MS);
  }

  private say(text: string, action = ''): void {
    setText(this.text, text);
    setText(this.button, action);
    this.button.hidden = action === '';
    this.banner.hidden = false;
  }
}

function stopText(code: number): string {
  if (code === 4101) return t.stoppedLogin;
  if (code === 4102) return t.stoppedDevice;
  if (code === 4109) return t.stoppedTaken;
  return t.stoppedOther(code);
}
