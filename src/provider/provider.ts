import type { ClientCredential, CredentialSetting, CredentialSources } from '../auth/credential.ts'
import type { InjectionMode } from '../auth/identity.ts'
import type { Secret } from '../kit/secret.ts'
import type { Profile } from '../protocol/profile.ts'
import type { Note, ProtocolName } from '../protocol/protocol.ts'
import type { ClaudeSdkOptions } from './claude-sdk/claude-sdk-options.ts'
import type { Mode } from './mode.ts'

/** A request body on its way up: whole bytes, or a stream for uploads. */
export type CallBody = Uint8Array | ReadableStream<Uint8Array> | undefined

/** What one upstream needs to know of a request, as plain values. */
export interface UpstreamCall {
  readonly mode: Mode
  readonly method: string
  /** The endpoint below the base URL with its query: `/v1/messages?beta=true`. */
  readonly path: string
  /** The client's headers, none removed. */
  readonly clientHeaders: Headers
  readonly body: CallBody
  /** The client's own Anthropic credential, where it sent one. */
  readonly clientCredential: ClientCredential | undefined
  /** The key that the caller sent, of whatever kind, where the proxy has none of its own to ask for. */
  readonly callerKey: Secret | undefined
  /** The body was translated: headers of the client's own protocol say nothing to this upstream. */
  readonly translated: boolean
  /** Betas that the translated body needs. */
  readonly betas: readonly string[]
  /** The kept conversation that the path names. */
  readonly session: string | undefined
  /** The client's name by its key: conversations of one are not another's. */
  readonly client: string | undefined
}

/** What goes to fetch: built from empty, credential last. */
export interface PreparedCall {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: CallBody
  /** Ask for a new connection: the reused one was dead. */
  readonly fresh?: boolean
  /** What of the request this upstream cannot do. */
  readonly notes?: readonly Note[]
  /** A plan login goes up with it: what it costs is a list price and no money spent. */
  readonly planLogin?: boolean
  /** Another call to make once in place of an error of this status, before its first byte passes on. */
  readonly retry?: (status: number) => Promise<PreparedCall | undefined>
}

/** What `/status` says of an upstream; never a secret. */
export interface ProviderStatus {
  readonly provider: string
  readonly kind: string
  /** Absent where nothing is sent anywhere. */
  readonly base_url: string | undefined
  /** Which credential would go up and when it ends, in words. */
  readonly credential: string
  /** Where the provider itself knows whether it can answer; else its base URL is asked. */
  readonly reachable?: boolean
  /** What only this kind of upstream has, as further keys of the answer; never a secret. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** An upstream's settings as plain values; how they were configured is not its business. */
export interface ProviderOptions {
  readonly name: string
  readonly baseUrl: string | undefined
  readonly credential: CredentialSetting
  readonly credentials: CredentialSources
  /** The identity block of `auth.oauth.system_prompt_injection`. */
  readonly identity: InjectionMode
  readonly headers: Readonly<Record<string, string>>
  readonly version: string
  /** What an OpenAI-compatible upstream speaks. */
  readonly wire?: ProtocolName | undefined
  /** The name of a built-in set of quirks. */
  readonly profile?: string | undefined
  /** Single quirks that win over the built-in ones. */
  readonly profileOverrides?: Readonly<Record<string, unknown>> | undefined
  readonly defaultMaxTokens?: number | undefined
  /** How the user's own Claude Code is run. */
  readonly claude?: ClaudeSdkOptions | undefined
}

/** One upstream, made from its settings. */
export interface Provider {
  readonly name: string
  readonly kind: string
  /** The protocol that its model endpoint speaks. */
  readonly wire: ProtocolName
  /** Which protocol serves a client best, where it speaks several. */
  wireFor?(client: ProtocolName, model: string): ProtocolName
  /** Makes the request as it goes up, at once where nothing is to be waited for; throws a ProxyError where no credential fits. */
  prepare(call: UpstreamCall): PreparedCall | Promise<PreparedCall>
  /** Sends it; an embedded upstream answers by itself. */
  send(call: PreparedCall, signal: AbortSignal): Promise<Response>
  status(): Promise<ProviderStatus>
  /** Quirks of an OpenAI-compatible upstream for one of its models; an Anthropic one has none. */
  profile?(model: string): Profile
  /** Keeps what an upstream's error told of a model, for the next request. */
  learn?(model: string, quirk: Partial<Profile>): void
  /** The token limit sent where the client gave none. */
  readonly defaultMaxTokens?: number | undefined
  /** It has the model endpoint and a list of models only: no exact counts, no files. */
  readonly answersOnly?: boolean
  /** Its silence is work, and it knows itself when to give up: no timeout of ours ends its answer. */
  readonly watchesSilence?: boolean
  /** Ends what it keeps running. */
  close?(): Promise<void>
}
