// Who this tab is: its token (from the URL fragment, kept for this tab only) and its device id.

import type { UserId } from './protocol.ts';

export interface Identity {
  token: string;
  user: UserId;
  name: string | undefined;
  device: string;
}

const TOKEN_KEY = 'bongsu.token';
const DEVICE_KEY = 'bongsu.device';
const DEVICE_OWNER_KEY = 'bongsu.device.user';
const CLAIM_TIMEOUT_MS = 400;

/** Moves `#token=...` out of the address bar into this tab's storage; true if there was one. */
export function takeTokenFromAddress(): boolean {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get('token');
  if (!token) return false;
  sessionStorage.setItem(TOKEN_KEY, token);
  fragment.delete('token');
  const rest = fragment.toString();
  history.replaceState(null, '', location.pathname + location.search + (rest ? `#${rest}` : ''));
  return true;
}

/** The room named by the fragment (`#room=...`). */
export function roomFromAddress(): string | undefined {
  return new URLSearchParams(location.hash.slice(1)).get('room') ?? undefined;
}

/** The identity of this tab, or undefined without a readable token. */
export async function loadIdentity(): Promise<Identity | undefined> {
  const token = sessionStorage.getItem(TOKEN_KEY);
  const claims = token ? decodeClaims(token) : undefined;
  if (!token || typeof claims?.sub !== 'string') return undefined;
  const name = typeof claims.name === 'string' ? claims.name : undefined;
  return { token, user: claims.sub, name, device: await claimDevice(claims.sub) };
}

/** Random id of 128 bits; `randomUUID` is missing on plain-http origins. */
export function randomId(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return prefix + [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function decodeClaims(token: string): { sub?: unknown; name?: unknown } | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

// A duplicated tab copies sessionStorage, and two tabs with one device id would take the session from each other for ever.
// So a tab holds a lock on its device id for its lifetime, and takes a new id if another tab holds it.
async function claimDevice(user: UserId): Promise<string> {
  const stored = sessionStorage.getItem(DEVICE_KEY);
  const sameUser = sessionStorage.getItem(DEVICE_OWNER_KEY) === user;
  if (stored && sameUser && (await holdDevice(stored))) return stored;
  const device = randomId('web-');
  sessionStorage.setItem(DEVICE_KEY, device);
  sessionStorage.setItem(DEVICE_OWNER_KEY, user);
  await holdDevice(device);
  return device;
}

function holdDevice(device: string): Promise<boolean> {
  // Locks need a secure context; without them a duplicated tab is told by close code 4109.
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks
      .request(`bongsu.device.${device}`, { signal: AbortSignal.timeout(CLAIM_TIMEOUT_MS) }, () => {
        resolve(true);
        return new Promise<void>(() => {});
      })
      .catch(() => resolve(false));
  });
}
