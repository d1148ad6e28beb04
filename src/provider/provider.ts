import type { ClientCredential } from '../auth/credential.ts'
import type { ProtocolName } from '../protocol/protocol.ts'
import type { Mode } from './mode.ts'

/** What one upstream needs to know of a request, as plain values. */
export interface UpstreamCall {
  readonly mode: Mode
  readonly method: string
  /** The endpoint below the base URL with its query: `/v1/messages?beta=true`. */
  readonly path: string
  /** The client's headers, none removed. */
  readonly clientHeaders: Headers
  /** The body as it goes up; a stream for uploads. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | undefined
  /** The client's own Anthropic credential, where the guard left one. */
  readonly clientCredential: ClientCredential | undefined
  readonly signal: AbortSignal
}

/** What goes to fetch: built from empty, credential last. */
export interface PreparedCall {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: Uint8Array | ReadableStream<Uint8Array> | undefined
}

/** What `/status` says of an upstream; never a secret. */
export interface ProviderStatus {
  readonly provider: string
  readonly kind: string
  readonly base_url: string
  readonly credential: string
}

/** One upstream, made from its settings. */
export interface Provider {
  readonly name: string
  readonly kind: string
  /** The protocol that its model endpoint speaks. */
  readonly wire: ProtocolName
  /** Maps a client's model name to the upstream's. */
  readonly baseUrl: string
  prepare(call: UpstreamCall): Promise<PreparedCall>
  /** Sends a prepared call; the demo provider answers by itself. */
  send(call: PreparedCall, signal: AbortSignal): Promise<Response>
  status(): Promise<ProviderStatus>
}
