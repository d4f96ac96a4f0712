// The network goes and comes back; nothing is lost, nothing appears twice.

import assert from 'node:assert/strict';
import { story } from './stage.mjs';

/** `first 1`, `first 2`, ... */
const numbered = (word, count) => Array.from({ length: count }, (_, position) => `${word} ${position + 1}`);

/** Each of these texts once, in this order, and no message twice. */
async function assertShows(chat, texts) {
  const seqs = [];
  for (const text of texts) seqs.push(await chat.shows(text));
  assert.deepEqual(seqs, [...new Set(seqs)].sort((left, right) => left - right), 'in the order they were written');
  const shown = await chat.seqs();
  assert.deepEqual(shown, [...new Set(shown)].sort((left, right) => left - right), 'ascending, each once');
}

story('what was written while one was away is there after the reconnect', async (stage) => {
  const room = await stage.room();
  const link = await stage.link();
  const alice = await stage.window(stage.alice, room);
  const bob = await stage.window(stage.bob, room, link);
  await alice.send('before');
  await bob.shows('before');

  link.cut();
  await bob.isNotConnected();
  const missed = numbered('missed', 20);
  for (const text of missed) await stage.send(stage.alice, room, text);
  link.mend();

  await bob.isConnected();
  await assertShows(bob, ['before', ...missed]);
});

story('a network that breaks again and again in the middle of a talk loses nothing', async (stage) => {
  const room = await stage.room();
  const link = await stage.link();
  const bob = await stage.window(stage.bob, room, link);

  const texts = numbered('line', 45);
  for (const [position, text] of texts.entries()) {
    if (position % 15 === 5) link.cut();
    if (position % 15 === 10) link.mend();
    if (position % 15 === 14) await bob.isConnected();
    await stage.send(stage.alice, room, text);
  }

  await assertShows(bob, texts);
});

story('after the reconnect one writes and is heard', async (stage) => {
  const room = await stage.room();
  const link = await stage.link();
  const alice = await stage.window(stage.alice, room);
  const bob = await stage.window(stage.bob, room, link);

  link.cut();
  await bob.isNotConnected();
  link.mend();
  await bob.isConnected();

  await bob.send('I am back');
  assert.equal(await alice.shows('I am back'), await bob.shows('I am back'));
});

story('what one wrote while away is sent once when the network is back', async (stage) => {
  const room = await stage.room();
  const link = await stage.link();
  const alice = await stage.window(stage.alice, room);
  const bob = await stage.window(stage.bob, room, link);

  link.cut();
  await bob.isNotConnected();
  await bob.send('written in a tunnel');
  await stage.send(stage.alice, room, 'where are you?');
  link.mend();

  await bob.isConnected();
  await assertShows(alice, ['where are you?', 'written in a tunnel']);
  await assertShows(bob, ['where are you?', 'written in a tunnel']);
});

story('unread counts are right after the reconnect', async (stage) => {
  const room = await stage.room();
  const link = await stage.link();
  const bob = await stage.window(stage.bob, await stage.room('elsewhere'), link);

  link.cut();
  await bob.isNotConnected();
  for (const text of numbered('message', 3)) await stage.send(stage.alice, room, text);
  link.mend();

  await bob.showsUnread(room, 3);
  await bob.openRoom(room);
  await bob.showsUnread(room, 0);
});
