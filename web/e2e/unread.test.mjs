// Unread counts go up with what others write and down with what one reads, in every window of a person.

import assert from 'node:assert/strict';
import { story } from './stage.mjs';

story('unread goes up by each message of another and to zero when the room is opened', async (stage) => {
  const room = await stage.room();
  const bob = await stage.window(stage.bob, await stage.room('elsewhere'));
  await bob.showsUnread(room, 0);

  for (const count of [1, 2, 3]) {
    await stage.send(stage.alice, room, `message ${count}`);
    await bob.showsUnread(room, count);
  }
  assert.ok((await bob.unreadTotal()) >= 3, 'the total counts the room');

  await bob.openRoom(room);
  await bob.shows('message 3');
  await bob.showsUnread(room, 0);
});

story('reading in one window clears the badge in the other', async (stage) => {
  const room = await stage.room();
  const elsewhere = await stage.room('elsewhere');
  const desk = await stage.window(stage.bob, elsewhere);
  const phone = await stage.window(stage.bob, elsewhere);

  await stage.send(stage.alice, room, 'read me');
  await desk.showsUnread(room, 1);
  await phone.showsUnread(room, 1);

  await phone.openRoom(room);
  await phone.showsUnread(room, 0);
  await desk.showsUnread(room, 0);
});

story('a window opened later shows the same count as one that saw it grow', async (stage) => {
  const room = await stage.room();
  const elsewhere = await stage.room('elsewhere');
  const early = await stage.window(stage.bob, elsewhere);

  for (const count of [1, 2, 3, 4]) await stage.send(stage.alice, room, `message ${count}`);
  await early.showsUnread(room, 4);

  const late = await stage.window(stage.bob, elsewhere);
  await late.showsUnread(room, 4);
});
