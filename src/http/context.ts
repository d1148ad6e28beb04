import type { Gateway } from '../gateway/gateway.ts'
import type { LoginDesk } from './login-desk.ts'
import type { BodyLimits } from './read-body.ts'

/** What the routes work with. */
export interface App {
  readonly gateway: Gateway
  readonly loginDesk: LoginDesk
  readonly bodyLimits: BodyLimits
  readonly uploadLimits: BodyLimits
  readonly version: string
  readonly draining: () => boolean
  /** Writes an error in the shape of the path that it happened on. */
  readonly fail: (thrown: unknown, request: Request) => Response
}
