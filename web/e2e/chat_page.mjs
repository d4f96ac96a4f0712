// The demo page as a person uses it: what they see and do, in the page's own test ids. Every wait is for something
// that becomes true in the page, never for time.

import assert from 'node:assert/strict';

/** How long anything may take to show on a busy machine; a test that needs this long has failed. */
const SHOWN_MS_MAX = 30_000;

export class ChatPage {
  /** Opens a window of its own (storage too, so a device of its own) as this person. */
  static async open(browser, url, person, room) {
    const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, locale: 'en-US' });
    context.setDefaultTimeout(SHOWN_MS_MAX);
    const chat = new ChatPage(await context.newPage(), person);
    const fragment = new URLSearchParams({ token: person.token, ...(room && { room }) });
    await chat.page.goto(`${url}/#${fragment}`);
    await chat.isConnected();
    return chat;
  }

  constructor(page, person) {
    this.page = page;
    this.person = person;
    /** Exceptions that nobody caught: a test ends with none. */
    this.faults = [];
    page.on('pageerror', (error) => this.faults.push(error.message));
  }

  // --- doing

  async openRoom(room) {
    await this.#row(room).click();
    await this.page.getByTestId('composer').waitFor();
  }

  async write(text) {
    await this.page.getByTestId('composer').fill(text);
  }

  /** Types and presses send; the message shows at once, committed or not. */
  async send(text) {
    await this.write(text);
    await this.page.getByTestId('send').click();
    await this.#message(text).waitFor();
  }

  /** Types like a person, key by key, without sending. */
  async startTyping(text) {
    await this.page.getByTestId('composer').pressSequentially(text);
  }

  // --- seeing

  async isConnected() {
    await this.page.locator('[data-testid=status][data-state=connected]').waitFor({ state: 'attached' });
  }

  async isNotConnected() {
    await this.page.locator('[data-testid=status]:not([data-state=connected])').waitFor({ state: 'attached' });
  }

  /** The room's row is in the list. */
  async lists(room) {
    await this.#row(room).waitFor();
  }

  /** The row's badge says exactly this many. */
  async showsUnread(room, count) {
    await this.page.locator(`[data-testid=row][data-room="${room}"][data-unread="${count}"]`).waitFor();
    if (count > 0) assert.equal((await this.#row(room).getByTestId('row-unread').innerText()).trim(), String(count));
  }

  async unreadTotal() {
    return Number((await this.page.getByTestId('total-unread').innerText()).replace(/\D/g, ''));
  }

  async showsTitle(title) {
    await this.page.getByTestId('room-title').filter({ hasText: title }).waitFor();
  }

  async showsTyping() {
    await this.page.getByTestId('typing').filter({ hasText: /\S/ }).waitFor();
  }

  /** The message is shown with its place in the room; resolves to that place. */
  async shows(text) {
    const message = this.#message(text).and(this.page.locator('[data-seq]:not([data-seq=""])'));
    await message.waitFor();
    return Number(await message.getAttribute('data-seq'));
  }

  /** The places of all committed messages of the open room, in the order of the screen. */
  async seqs() {
    const committed = this.page.locator('[data-testid=history] [data-testid=message][data-seq]:not([data-seq=""])');
    return committed.evaluateAll((elements) => elements.map((element) => Number(element.dataset.seq)));
  }

  async screenshot(path) {
    await this.page.screenshot({ path });
  }

  async close() {
    await this.page.context().close();
  }

  #row(room) {
    return this.page.locator(`[data-testid=row][data-room="${room}"]`);
  }

  #message(text) {
    return this.page.getByTestId('message').filter({ has: this.page.getByText(text, { exact: true }) });
  }
}
