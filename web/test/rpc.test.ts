import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../src/protocol.ts';
import { packFrames, Rpc } from '../src/net/rpc.ts';

const LIMITS = { batchItems: 3, frameBytes: 100 };

test('calls of one turn leave in one frame, a lone one without an array', async () => {
  const frames: string[] = [];
  const rpc = new Rpc((frame) => frames.push(frame), () => {}, LIMITS);
  rpc.notify('a', {});
  await Promise.resolve();
  rpc.notify('b', {});
  rpc.notify('c', {});
  await Promise.resolve();
  assert.deepEqual(frames.map((frame) => JSON.parse(frame)).map((frame) => (Array.isArray(frame) ? frame.length : 1)), [1, 2]);
});

test('frames respect the limits of items and of bytes', () => {
  const short = packFrames(['1', '2', '3', '4'], LIMITS);
  assert.deepEqual(short, ['[1,2,3]', '4']);
  const word = JSON.stringify('가'.repeat(20));
  const long = packFrames([word, word, '3'], LIMITS);
  assert.equal(long.length, 2);
});

test('a reply settles before the events behind it in the frame', () => {
  const order: string[] = [];
  const rpc = new Rpc(() => {}, (method) => order.push(method), LIMITS);
  rpc.call('session.hello', {}, 1_000, () => order.push('reply'));
  const event = { jsonrpc: '2.0', method: 'message.new', params: {} };
  rpc.receive(JSON.stringify([{ jsonrpc: '2.0', id: 1, result: {} }, event]));
  assert.deepEqual(order, ['reply', 'message.new']);
});

test('closing fails every waiting call', () => {
  const kinds: string[] = [];
  const rpc = new Rpc(() => {}, (_method: string, _params: Json) => {}, LIMITS);
  rpc.call('ping', {}, 1_000, (outcome) => kinds.push('failure' in outcome ? outcome.failure.kind : 'answered'));
  rpc.close();
  rpc.call('ping', {}, 1_000, (outcome) => kinds.push('failure' in outcome ? outcome.failure.kind : 'answered'));
  assert.deepEqual(kinds, ['disconnected', 'disconnected']);
});
