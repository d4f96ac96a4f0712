// The server under test: `bongsu demo` on a free port and a data directory of its own, and what a test asks of it
// besides its page.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A debug build that writes its whole demo data on a busy machine of two cores. */
const READY_MS_MAX = 180_000;
const STOP_MS_MAX = 15_000;
const LOG_LINES_KEPT = 60;

export class Demo {
  /** Starts the binary named by BONGSU_BIN and waits until it says where it listens. */
  static async start() {
    const binary = process.env.BONGSU_BIN;
    if (!binary) throw new Error('BONGSU_BIN must name the bongsu binary: run these tests with `cargo x browser`');
    const data = await mkdtemp(join(tmpdir(), 'bongsu-e2e-'));
    const options = ['demo', '--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0', '--data', data];
    const demo = new Demo(spawn(binary, options, { stdio: ['ignore', 'pipe', 'pipe'] }), data);
    try {
      demo.url = await demo.#ready();
    } catch (error) {
      await demo.stop();
      throw error;
    }
    return demo;
  }

  constructor(child, data) {
    this.child = child;
    this.data = data;
    this.log = [];
    this.output = createInterface({ input: child.stdout });
    for (const lines of [this.output, createInterface({ input: child.stderr })]) {
      lines.on('line', (line) => {
        this.log.push(line);
        if (this.log.length > LOG_LINES_KEPT) this.log.shift();
      });
    }
  }

  /** The people of the demo, each with a token of their own: [{user, name, token}]. */
  async users() {
    return this.#call('GET', '/demo/users');
  }

  /** A new group room for these people, so that no bot of the demo speaks in it. */
  async room(name, people) {
    const [owner, ...others] = people;
    const members = others.map((person) => person.user);
    const created = await this.#call('POST', '/v1/rooms', owner.token, { kind: 'group', name, members });
    return created.room;
  }

  /** Sends as this person through the HTTP API; resolves when the server has committed. */
  async send(person, room, text) {
    const message = { client_id: `e2e-${randomUUID()}`, text };
    return this.#call('POST', `/v1/rooms/${room}/messages`, person.token, message);
  }

  /** Ends the server as an operator would, then removes its data. */
  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      const lateKill = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS_MAX);
      await ended;
      clearTimeout(lateKill);
    }
    await rm(this.data, { recursive: true, force: true });
  }

  async #ready() {
    const late = AbortSignal.timeout(READY_MS_MAX);
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`the demo ${why}:\n${this.log.join('\n')}`));
      this.output.on('line', (line) => {
        const url = /^bongsu ready (http:\/\/\S+)$/.exec(line)?.[1];
        if (url) resolve(url);
      });
      this.child.once('error', (error) => fail(`could not be started (${error.message})`));
      this.child.once('exit', (code, signal) => fail(`ended (${signal ?? code}) before it was ready`));
      late.addEventListener('abort', () => fail(`was not ready in ${READY_MS_MAX / 1000} s`));
    });
  }

  async #call(method, path, token, body) {
    const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(body && { 'content-type': 'application/json' }) };
    const response = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }
}
