// What every story starts from: the demo server and one browser for a whole file; for each story, windows and a
// room of its own in which no bot speaks.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ChatPage } from './chat_page.mjs';
import { Demo } from './demo.mjs';
import { Link } from './link.mjs';

/** One story with all its windows; far more than it takes. */
const STORY_MS_MAX = 120_000;

// Nothing but the page under test is to be reached: no lookups, no updates, no reports.
const CHROMIUM_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-sync',
  '--disable-features=OptimizationHints,MediaRouter,Translate',
  '--dns-prefetch-disable',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
  '--no-first-run',
  '--no-pings',
];

let demo;
let browser;
let people;

before(async () => {
  demo = await Demo.start();
  browser = await chromium.launch({
    executablePath: process.env.BONGSU_CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: CHROMIUM_ARGUMENTS,
  });
  people = await demo.users();
  assert.ok(people.length >= 2, 'the demo has at least two people');
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** A test with a stage of its own. */
export function story(name, play) {
  test(name, { timeout: STORY_MS_MAX }, async () => {
    const stage = new Stage(name);
    try {
      await play(stage);
    } catch (error) {
      error.message += `\n\nthe server's last lines:\n${demo.log.join('\n')}`;
      throw error;
    } finally {
      await stage.clear();
    }
    assert.deepEqual(stage.faults, [], 'no uncaught exception in any window');
  });
}

class Stage {
  constructor(name) {
    this.name = name;
    this.windows = [];
    this.links = [];
    this.faults = [];
    [this.alice, this.bob] = people;
  }

  /** A new room of alice and bob. */
  room(name = this.name.slice(0, 60)) {
    return demo.room(name, [this.alice, this.bob]);
  }

  /** Sends without a window, as from another device; resolves when committed. */
  send(person, room, text) {
    return demo.send(person, room, text);
  }

  /** A window of this person, on this room if one is given, through this link if one is given. */
  async window(person, room, link) {
    const chat = await ChatPage.open(browser, link?.url ?? demo.url, person, room);
    this.windows.push(chat);
    return chat;
  }

  /** A network between a window and the server that the story can cut. */
  async link() {
    const link = await Link.to(demo.url);
    this.links.push(link);
    return link;
  }

  async clear() {
    for (const [position, chat] of this.windows.entries()) {
      await this.#keepPicture(chat, position + 1);
      this.faults.push(...chat.faults);
      await chat.close();
    }
    for (const link of this.links) await link.close();
  }

  /** The last sight of a window, to look at after a failure. */
  async #keepPicture(chat, number) {
    const folder = process.env.BONGSU_E2E_OUTPUT;
    if (!folder) return;
    await mkdir(folder, { recursive: true });
    await chat.screenshot(join(folder, `${this.name.replaceAll(/\W+/g, '-')}-${number}.png`));
  }
}
