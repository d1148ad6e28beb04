import type { ToolNames } from './messages/tool-names.ts'
import type { Profile } from './profile.ts'
import type {
  ErrorShape,
  Message,
  Noted,
  ProtocolName,
  StreamIn,
  StreamOut,
  Turn,
  Usage,
  World,
} from './protocol.ts'

/** What an upstream is to a request that is written for it. */
export interface Target {
  /** Its quirks; an Anthropic upstream has none beyond its models'. */
  readonly profile: Profile
  /** The limit sent where the client gave none. */
  readonly defaultMaxTokens: number
}

/** A request as it goes up, with what its reply needs to be read. */
export interface Outgoing extends Noted<Record<string, unknown>> {
  /** Betas that an Anthropic upstream wants in a header. */
  readonly betas: readonly string[]
  /** Gives tool names that were cut for the upstream back. */
  readonly names: ToolNames | undefined
}

/** What reading an upstream's reply needs. */
export interface ReadOptions {
  readonly world: World
  /** The model as the client asked for it. */
  readonly model: string
  readonly names: ToolNames | undefined
  readonly stopSequences: readonly string[] | undefined
  readonly profile: Profile
  /** Told by its path what a reply holds that no other protocol has a place for. */
  readonly lost?: (path: string) => void
}

/** What writing a client's reply needs. */
export interface WriteOptions {
  readonly world: World
  readonly model: string
  readonly requestId: string
  /** The client's own body, parsed. */
  readonly body: unknown
  readonly turn: Turn
}

/** What a passed-through reply says of itself, read beside the way of its bytes. */
export interface Tap {
  readonly usage: Usage
  /** The stream has said how it ends: its last event or an error was seen. */
  readonly ended: boolean
  /** What the stream said of its failure, where it ended with an error. */
  readonly failure: string | undefined
  /** Looks at whole events; never throws and never changes them. */
  events(bytes: Uint8Array): void
  /** Looks at a whole JSON reply. */
  reply(bytes: Uint8Array): void
}

/** Gives a text of a large request, of which only the ends were read, its middle back; for who looks into it. */
export type Whole = (text: string) => string

/** One protocol: its codecs to and from the hub, its errors, its pings. */
export interface Codec {
  readonly name: ProtocolName
  /** The model endpoint below the base URL. */
  readonly path: string
  readonly errors: ErrorShape
  /** What keeps a silent stream alive. */
  readonly ping: string
  /** The hub's blocks that its replies have a place for; without it, all of them. */
  readonly holds?: ReadonlySet<string>
  requestIn(body: unknown, whole?: Whole): Turn
  requestOut(turn: Turn, target: Target): Outgoing
  replyIn(body: Record<string, unknown>, options: ReadOptions): Noted<Message>
  replyOut(message: Message, options: WriteOptions): object
  streamIn(options: ReadOptions): StreamIn
  streamOut(options: WriteOptions): StreamOut
  tap(): Tap
}
