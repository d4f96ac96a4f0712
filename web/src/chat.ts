// Wires one tab's parts together: connection, model, sync, history, outbox and actions; tells the views when to redraw.

import { Actions } from './actions.ts';
import { Client, type Status } from './client.ts';
import { History } from './history.ts';
import type { Identity } from './identity.ts';
import type { CallFailure } from './net/failure.ts';
import type { Profile, RoomId, UserId } from './protocol.ts';
import { Model } from './state/model.ts';
import { Outbox, type SendReply } from './state/outbox.ts';
import { People } from './state/people.ts';
import { Sync } from './sync.ts';

export interface ChatHooks {
  redraw(): void;
  status(status: Status): void;
  failed(failure: CallFailure): void;
  roomGone(room: RoomId): void;
  expiring(): void;
}

export class Chat {
  readonly client: Client;
  readonly model: Model;
  readonly history: History;
  readonly outbox: Outbox;
  readonly sync: Sync;
  readonly actions: Actions;
  private redrawDue = false;

  constructor(
    readonly identity: Identity,
    private readonly hooks: ChatHooks,
  ) {
    const changed = () => this.changed();
    const url = new URL('/v1/connect', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.hash = '';
    this.client = new Client({
      url: url.href,
      hello: () => this.hello(),
      onHello: (hello) => {
        this.sync.onHello(hello);
        if (this.model.openRoom) this.actions.open(this.model.openRoom);
      },
      onEvent: (method, params) => this.sync.onEvent(method, params),
      onStatus: (status) => {
        hooks.status(status);
        changed();
      },
    });
    const fetchProfiles = async (users: UserId[]) =>
      (await this.client.request<{ users: Record<UserId, Profile> }>('user.get', { users })).users;
    this.model = new Model(identity.user, new People(fetchProfiles, changed));
    this.model.people.learn(identity.user, identity.name);
    this.history = new History(this.client, this.model, (room) => this.settleOutbox(room), hooks.failed);
    this.outbox = new Outbox(
      `bongsu.outbox.${identity.user}`,
      (params) => this.client.request<SendReply>('message.send', params),
      (params) => this.settleOutbox(params.room),
      changed,
    );
    const { client, model, history, outbox } = this;
    const { roomGone, expiring } = hooks;
    this.sync = new Sync(client, model, history, outbox, { changed, roomGone, expiring });
    this.actions = new Actions(client, model, history, this.sync, outbox, changed, hooks.failed);
  }

  start(): void {
    this.client.connect();
  }

  /** Redraws once after this turn, however much changed. */
  changed(): void {
    if (this.redrawDue) return;
    this.redrawDue = true;
    // Not an animation frame: hidden tabs must still count their unread in the title.
    setTimeout(() => {
      this.redrawDue = false;
      this.hooks.redraw();
    });
  }

  private hello(): object {
    const { token, device } = this.identity;
    return { token, device: { id: device, platform: 'web' }, ...this.sync.helloParams() };
  }

  /** Own messages that the timeline now holds need no place in the queue's tail. */
  private settleOutbox(room: RoomId): void {
    const timeline = this.model.timelines.get(room);
    if (timeline?.loaded) {
      this.outbox.settle(room, timeline.toSeq);
      for (const item of this.outbox.of(room)) {
        const { client_id } = item.params;
        const arrived = timeline.messages.some((message) => message.client_id === client_id && message.sender === this.model.me);
        if (arrived) this.outbox.remove(client_id);
      }
    }
    this.changed();
  }
}
