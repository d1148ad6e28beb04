import type { ClientCredential } from '../auth/credential.ts'
import type { Secret } from '../kit/secret.ts'
import type { ProtocolName } from '../protocol/protocol.ts'
import type { Mode } from '../provider/mode.ts'

/** What an exchange asks for, whatever prefix it came under. */
export type Endpoint =
  | 'messages'
  | 'count_tokens'
  | 'chat'
  | 'responses'
  | 'models'
  | 'model'
  | 'upload'

/** One request as the gateway sees it: plain values, no framework behind them. */
export interface Exchange {
  readonly id: string
  readonly endpoint: Endpoint
  readonly mode: Mode
  /** The provider that the prefix names; without one `routing.default` decides. */
  readonly provider: string | undefined
  /** The kept conversation that the prefix names. */
  readonly session: string | undefined
  /** The shape in which this client reads errors and lists. */
  readonly shape: ProtocolName
  readonly method: string
  /** The endpoint below the prefix with its query: `/v1/messages?beta=true`. */
  readonly path: string
  readonly headers: Headers
  readonly body: Uint8Array | ReadableStream<Uint8Array> | undefined
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal
  readonly client: { readonly name: string | undefined; readonly address: string | undefined }
  readonly credential: ClientCredential | undefined
  /** The key that the caller sent, where the proxy has none of its own to ask for. */
  readonly callerKey: Secret | undefined
  /** When the request came, ms, monotonic. */
  readonly started: number
  /** Told where the answer comes bit by bit, so that its connection may be silent; what it gives is called at its end. */
  readonly hold?: () => () => void
}
