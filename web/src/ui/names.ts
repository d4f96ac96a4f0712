// What to call a room: its name, the counterpart's for a direct one, else the product or a short id.

import type { Row } from '../protocol.ts';
import type { Model } from '../state/model.ts';
import { listingOf } from './format.ts';

export function roomName(row: Row, model: Model): string {
  if (row.peer) return row.peer.name ?? model.people.name(row.peer.user);
  return row.name || listingOf(row.data)?.title || row.key || `#${row.room.slice(-6)}`;
}
