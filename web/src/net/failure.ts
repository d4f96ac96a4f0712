// Why a call failed, in one shape for the server's errors and for our own (lost connection, no answer in time).

import type { WireError } from '../protocol.ts';

export class CallFailure extends Error {
  constructor(
    /** The stable kind of the protocol, or `disconnected` / `timeout`. */
    readonly kind: string,
    message: string,
    readonly retry: boolean,
    readonly retryAfterMs: number | undefined,
  ) {
    super(message);
  }

  static fromWire(error: WireError): CallFailure {
    const data = error.data ?? {};
    return new CallFailure(data.kind ?? 'internal', error.message, data.retry ?? false, data.retry_after_ms);
  }

  static disconnected(): CallFailure {
    return new CallFailure('disconnected', 'the connection was lost', true, undefined);
  }

  static timeout(): CallFailure {
    return new CallFailure('timeout', 'no answer in time', true, undefined);
  }

  static from(cause: unknown): CallFailure {
    return cause instanceof CallFailure ? cause : new CallFailure('internal', String(cause), false, undefined);
  }
}
