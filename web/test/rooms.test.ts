import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rooms } from '../src/state/rooms.ts';
import { BOB, ME, newMessage, record, ROOM, row } from './build.ts';

function roomsWith(changes: Parameters<typeof row>[0] = {}): Rooms {
  const rooms = new Rooms(ME);
  rooms.put(row(changes));
  return rooms;
}

function unread(rooms: Rooms): number {
  return rooms.rows.get(ROOM)!.unread;
}

test('messages of others count as unread, a replay of them does not', () => {
  const rooms = roomsWith();
  rooms.applyRecord(newMessage(11));
  rooms.applyRecord(newMessage(11));
  rooms.applyRecord(newMessage(10));
  assert.equal(unread(rooms), 1);
});

test('records that are no countable message leave unread as it is', () => {
  const rooms = roomsWith();
  rooms.applyRecord(record('message.reaction', 11, { target: 3, emoji: 'x', actor: BOB }, 10));
  rooms.applyRecord(newMessage(12, { ord: 10, silent: true }));
  assert.equal(unread(rooms), 0);
});

test('an own message reads the room unless it keeps unread', () => {
  const kept = roomsWith({ unread: 2, read_seq: 8, read_ord: 8, marked_unread: true });
  kept.applyRecord(newMessage(11, { sender: ME, keep_unread: true }));
  assert.equal(unread(kept), 3);
  const read = roomsWith({ unread: 2, read_seq: 8, read_ord: 8, marked_unread: true });
  read.applyRecord(newMessage(11, { sender: ME }));
  assert.equal(unread(read), 0);
  assert.equal(read.rows.get(ROOM)!.marked_unread, false);
});

test('unread counts from the join where that lies above the read position', () => {
  const rooms = roomsWith({ joined_seq: 9, read_seq: 0, read_ord: 0, unread: 2 });
  rooms.applyRecord(newMessage(11));
  assert.equal(unread(rooms), 3);
});

test('late and repeated reads converge', () => {
  const rooms = roomsWith({ unread: 5, read_seq: 5, read_ord: 5 });
  rooms.applyRead(ROOM, { read_seq: 9, read_ord: 9 });
  rooms.applyRead(ROOM, { read_seq: 7, read_ord: 7 });
  assert.equal(unread(rooms), 1);
});

test('a row fetched before the last records does not undo them', () => {
  const rooms = roomsWith();
  rooms.applyRecord(newMessage(11));
  rooms.applyRecord(newMessage(12));
  rooms.put(row());
  assert.equal(unread(rooms), 2);
  assert.equal(rooms.rows.get(ROOM)!.last!.seq, 12);
});

test('joining again starts from the new row', () => {
  const rooms = roomsWith({ read_seq: 10, read_ord: 10 });
  rooms.put(row({ joined_seq: 20, head_seq: 20, head_ord: 18, read_seq: 0, read_ord: 0, unread: 0 }));
  rooms.applyRecord(newMessage(21, { ord: 19 }));
  assert.equal(unread(rooms), 1);
});

test('mentions count until the room is read', () => {
  const rooms = roomsWith();
  rooms.applyRecord(newMessage(11, { mentions: [ME] }));
  rooms.applyRecord(newMessage(12, { mentions: ['@all'] }));
  rooms.applyRecord(newMessage(13, { mentions: ['carol'] }));
  assert.equal(rooms.rows.get(ROOM)!.mentions, 2);
  rooms.applyRead(ROOM, { read_seq: 13, read_ord: 13 });
  assert.equal(rooms.rows.get(ROOM)!.mentions, 0);
});

test('the total leaves out muted and hidden rooms and counts a mark as one', () => {
  const rooms = roomsWith({ unread: 3, read_seq: 7, read_ord: 7 });
  rooms.put(row({ room: 'muted', unread: 5, settings: { muted_until_ms: Date.now() + 60_000 } }));
  rooms.put(row({ room: 'hidden', unread: 5, settings: { hidden: true } }));
  rooms.put(row({ room: 'marked', marked_unread: true }));
  assert.equal(rooms.total(), 4);
});

test('the total counts rooms that are not loaded', () => {
  const rooms = roomsWith({ unread: 3, read_seq: 7, read_ord: 7 });
  rooms.cursor = 'next';
  rooms.noteTotal(10);
  rooms.applyRecord(newMessage(11));
  assert.equal(rooms.total(), 11);
});

test('the list shows pinned rooms first, then the latest activity', () => {
  const rooms = roomsWith({ active_ms: 5 });
  rooms.put(row({ room: 'later', active_ms: 9 }));
  rooms.put(row({ room: 'pinned', active_ms: 1, settings: { pinned: true } }));
  assert.deepEqual(rooms.sorted().map((each) => each.room), ['pinned', 'later', ROOM]);
});

test('editing or deleting the last message changes the preview', () => {
  const rooms = roomsWith();
  rooms.applyRecord(newMessage(11));
  rooms.applyRecord(record('message.edited', 12, { target: 11, text: 'better' }, 11));
  assert.equal(rooms.rows.get(ROOM)!.last!.text, 'better');
  rooms.applyRecord(record('message.deleted', 13, { target: 11 }, 11));
  assert.equal(rooms.rows.get(ROOM)!.last!.deleted, true);
});
