// The network between one person and the server, so that a test can cut it: a TCP relay that drops every connection
// and refuses new ones until it is mended. The page gets no hint and no help.

import { once } from 'node:events';
import net from 'node:net';

export class Link {
  static async to(target) {
    const { hostname, port } = new URL(target);
    const link = new Link(hostname, Number(port));
    link.relay.listen(0, '127.0.0.1');
    await once(link.relay, 'listening');
    link.url = `http://127.0.0.1:${link.relay.address().port}`;
    return link;
  }

  constructor(hostname, port) {
    this.sockets = new Set();
    this.whole = true;
    this.relay = net.createServer((near) => {
      if (!this.whole) {
        near.resetAndDestroy();
        return;
      }
      this.#join(near, net.connect(port, hostname));
    });
  }

  /** Ends every connection as a lost network does: without a goodbye. */
  cut() {
    this.whole = false;
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  mend() {
    this.whole = true;
  }

  async close() {
    this.cut();
    this.relay.close();
    await once(this.relay, 'close');
  }

  #join(near, far) {
    for (const [socket, other] of [[near, far], [far, near]]) {
      this.sockets.add(socket);
      // A reset is what a cut is made of; `close` follows it.
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}
