// Two people in two windows talk to each other.

import assert from 'node:assert/strict';
import { story } from './stage.mjs';

story('a message of one appears in the window of the other at the same place', async (stage) => {
  const room = await stage.room();
  const alice = await stage.window(stage.alice, room);
  const bob = await stage.window(stage.bob, room);

  await alice.send('is the camera still for rent?');
  const asked = await alice.shows('is the camera still for rent?');
  assert.equal(await bob.shows('is the camera still for rent?'), asked);

  await bob.send('네, 이번 주말에도 빌려 드려요 📷');
  const answered = await bob.shows('네, 이번 주말에도 빌려 드려요 📷');
  assert.equal(await alice.shows('네, 이번 주말에도 빌려 드려요 📷'), answered);
  assert.ok(answered > asked, 'the answer stands after the question');
});

story('both windows show the same messages in the same order', async (stage) => {
  const room = await stage.room();
  const alice = await stage.window(stage.alice, room);
  const bob = await stage.window(stage.bob, room);

  const turns = [1, 2, 3, 4, 5];
  for (const turn of turns) {
    await Promise.all([alice.send(`alice ${turn}`), bob.send(`bob ${turn}`)]);
  }
  for (const chat of [alice, bob]) {
    for (const turn of turns) {
      await chat.shows(`alice ${turn}`);
      await chat.shows(`bob ${turn}`);
    }
  }

  const seqs = await alice.seqs();
  assert.deepEqual(seqs, [...new Set(seqs)].sort((left, right) => left - right), 'ascending, each once');
  assert.deepEqual(await bob.seqs(), seqs);
});

story('a message is text and never markup', async (stage) => {
  const room = await stage.room();
  const alice = await stage.window(stage.alice, room);
  const bob = await stage.window(stage.bob, room);

  const text = '<img src=x onerror="throw new Error()"><b>bold</b> & "quoted"';
  await alice.send(text);
  await bob.shows(text);
});

story('someone who types is seen typing', async (stage) => {
  const room = await stage.room();
  const alice = await stage.window(stage.alice, room);
  const bob = await stage.window(stage.bob, room);

  await alice.startTyping('let me check');
  await bob.showsTyping();
});

story('a new room comes up in the list of a window that is already open', async (stage) => {
  const bob = await stage.window(stage.bob);
  const room = await stage.room('Boats on the Han river');

  await bob.lists(room);
  await bob.openRoom(room);
  await bob.showsTitle('Boats on the Han river');
});
