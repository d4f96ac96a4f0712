// The page as a whole: the list beside the open room, the address that names the room, the title that counts.

import { Chat } from '../chat.ts';
import { roomFromAddress, type Identity } from '../identity.ts';
import type { RoomId } from '../protocol.ts';
import { avatar } from './avatar.ts';
import { openDialog } from './dialog.ts';
import { h, setAttribute, setText } from './dom.ts';
import { ListView } from './list.ts';
import { closeMenu, openMenu, type MenuEntry } from './menu.ts';
import { openNewChat } from './new_chat.ts';
import { RoomView } from './room.ts';
import { StatusView } from './status.ts';
import { switchLanguage, t } from './text.ts';
import { Toasts } from './toasts.ts';
import { fetchDemoUsers, userChooser, type DemoUser } from './users.ts';

/** Relative times grow old by themselves. */
const REFRESH_MS = 20_000;

export class App {
  readonly chat: Chat;
  private readonly toasts = new Toasts();
  private readonly status = new StatusView();
  private readonly list: ListView;
  private readonly total = h('span', { class: 'badge', 'data-testid': 'total-unread' }, '0');
  private readonly myFace = h('span', { class: 'row-face' });
  private readonly myName = h('strong', { class: 'me-name', dir: 'auto' });
  private readonly switchButton = h('button', { class: 'switch', type: 'button', 'data-testid': 'switch-user', hidden: true }, t.switchUser);
  private readonly empty = h('section', { class: 'room empty' }, h('p', {}, t.pickRoom));
  private readonly main = h('div', { class: 'pane' }, this.empty);
  private readonly shell: HTMLElement;
  private roomView: RoomView | undefined;

  constructor(identity: Identity) {
    this.chat = new Chat(identity, {
      redraw: () => this.render(),
      status: (status) => this.status.show(status),
      failed: (failure) => this.toasts.showFailure(failure),
      roomGone: (room) => this.roomGone(room),
      expiring: () => this.toasts.show(t.expiring),
    });
    this.status.attach(this.chat.client);
    this.list = new ListView(this.chat, (room) => this.openRoom(room, 'push'));
    const side = h('aside', { class: 'side' }, this.sideHead(), this.list.element);
    this.shell = h('div', { class: 'shell' }, side, this.main);
  }

  start(container: HTMLElement): void {
    container.replaceChildren(this.status.banner, this.shell, this.toasts.element);
    window.addEventListener('popstate', () => this.followAddress());
    window.addEventListener('focus', () => this.render());
    document.addEventListener('visibilitychange', () => this.render());
    setInterval(() => this.render(), REFRESH_MS);
    this.followAddress();
    this.render();
    this.chat.start();
    void fetchDemoUsers().then((users) => this.offerUsers(users));
  }

  private sideHead(): HTMLElement {
    const create = () => openNewChat(this.chat, (room) => this.openRoom(room, 'push'));
    const newChat = h('button', { class: 'icon-button', type: 'button', 'aria-label': t.newChat, title: t.newChat, 'data-testid': 'new-chat', onclick: create }, '+');
    const more = h('button', { class: 'icon-button', type: 'button', 'aria-label': t.more, 'data-testid': 'app-menu' }, '⋮');
    more.addEventListener('click', () => openMenu(more, this.appMenu()));
    const me = h('div', { class: 'me' }, this.myFace, h('div', { class: 'me-words' }, this.myName, this.status.dot));
    const heading = h('div', { class: 'side-heading' }, h('h2', {}, t.chats), this.total);
    return h('header', { class: 'side-head' }, h('div', { class: 'side-top' }, me, this.switchButton, newChat, more), heading);
  }

  private appMenu(): MenuEntry[] {
    return [{ label: t.language, run: switchLanguage }];
  }

  private offerUsers(users: DemoUser[]): void {
    for (const { user, name } of users) this.chat.model.people.learn(user, name);
    if (users.length === 0) return;
    this.switchButton.hidden = false;
    this.switchButton.addEventListener('click', () =>
      openDialog(t.switchUser, (close) =>
        h('div', { class: 'form' }, h('p', { class: 'hint' }, t.switchHint), userChooser(users, this.chat.model.me, close)),
      ),
    );
    this.chat.changed();
  }

  private render(): void {
    const { model } = this.chat;
    this.list.render();
    this.showRoom(model.openRoom);
    this.roomView?.render();
    this.renderMe(model.people.name(model.me));
    const total = model.rooms.total();
    setText(this.total, String(total));
    setAttribute(this.total, 'data-total', String(total));
    this.total.hidden = total === 0;
    document.title = total > 0 ? `(${total}) Bongsu` : 'Bongsu';
    this.shell.classList.toggle('in-room', model.openRoom !== undefined);
  }

  private renderMe(name: string): void {
    if (this.myName.textContent === name) return;
    this.myName.textContent = name;
    this.myFace.replaceChildren(avatar(this.chat.model.me, name, 'avatar small'));
  }

  private showRoom(room: RoomId | undefined): void {
    if (this.roomView?.room === room) return;
    closeMenu();
    this.roomView?.destroy();
    this.roomView = undefined;
    if (room === undefined) {
      this.main.replaceChildren(this.empty);
      return;
    }
    this.roomView = new RoomView(this.chat, room, {
      back: () => this.closeRoom(),
      toast: (text) => this.toasts.show(text),
    });
    this.main.replaceChildren(this.roomView.element);
    // On a phone the keyboard would cover the room that was just opened.
    if (!matchMedia('(pointer: coarse)').matches) this.roomView.focus();
  }

  private openRoom(room: RoomId, address: 'push' | 'keep'): void {
    if (address === 'push' && roomFromAddress() !== room) history.pushState(null, '', `#room=${encodeURIComponent(room)}`);
    if (this.chat.model.openRoom !== room) this.chat.actions.open(room);
  }

  private closeRoom(): void {
    if (roomFromAddress()) history.pushState(null, '', location.pathname + location.search);
    this.chat.actions.close();
  }

  private followAddress(): void {
    const room = roomFromAddress();
    if (room) this.openRoom(room, 'keep');
    else if (this.chat.model.openRoom) this.chat.actions.close();
  }

  private roomGone(room: RoomId): void {
    if (this.chat.model.openRoom !== room) return;
    this.toasts.show(t.roomGone);
    this.closeRoom();
  }
}
