import type { Gateway } from '../gateway/gateway.ts'
import type { PermissionDesk } from '../provider/claude-sdk/permission-desk.ts'
import type { EventStreams } from './event-stream.ts'
import type { LoginDesk } from './login-desk.ts'
import type { BodyLimits } from './read-body.ts'
import type { Records } from './records.ts'
import type { SignIn } from './sign-in.ts'

/** What the routes work with. */
export interface App {
  readonly gateway: Gateway
  readonly loginDesk: LoginDesk
  /** Where tool requests of SDK mode wait for an answer. */
  readonly permissions: PermissionDesk
  readonly eventStreams: EventStreams
  readonly records: Records
  /** Whether there is the page at /dashboard. */
  readonly dashboard: boolean
  /** Where the dashboard exchanges the client key for a cookie. */
  readonly signIn: SignIn
  readonly bodyLimits: BodyLimits
  readonly uploadLimits: BodyLimits
  readonly version: string
  readonly draining: () => boolean
  /** Writes an error in the shape of the path that it happened on. */
  readonly fail: (thrown: unknown, request: Request) => Response
}
