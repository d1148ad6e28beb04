import { type Static, Type } from '@sinclair/typebox'
import type { ProxyError } from '../../kit/error.ts'

// Wire schemas are open: a field not listed here is carried, never refused.
const open = { additionalProperties: true } as const
const Json = Type.Record(Type.String(), Type.Unknown())
const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]))

const CacheControl = Type.Object(
  { type: Type.Literal('ephemeral'), ttl: Type.Optional(Type.String()) },
  open,
)

/** @see wire.md 1.3: base64, url, file, text and content sources. */
export const Source = Type.Object(
  {
    type: Type.String(),
    media_type: Type.Optional(Type.String()),
    data: Type.Optional(Type.String()),
    url: Type.Optional(Type.String()),
    file_id: Type.Optional(Type.String()),
    content: Type.Optional(Type.Unknown()),
  },
  open,
)
export type Source = Static<typeof Source>

/** Any content block, of a request or a reply; `type` says which other fields are there. */
export const Block = Type.Object(
  {
    type: Type.String(),
    text: Type.Optional(Type.String()),
    thinking: Type.Optional(Type.String()),
    signature: Type.Optional(Type.String()),
    data: Type.Optional(Type.String()),
    id: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    input: Type.Optional(Type.Unknown()),
    tool_use_id: Type.Optional(Type.String()),
    content: Type.Optional(Type.Unknown()),
    is_error: Type.Optional(Type.Boolean()),
    // A search_result names its source by a string.
    source: Type.Optional(Type.Union([Source, Type.String()])),
    title: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    citations: Type.Optional(Type.Unknown()),
    // What a system message's tool_addition or tool_removal is about.
    tool: Type.Optional(Type.Unknown()),
    cache_control: Type.Optional(Type.Union([CacheControl, Type.Null()])),
  },
  open,
)
export type Block = Static<typeof Block>

/** One turn of a conversation. @see wire.md 1.3 */
export const RequestMessage = Type.Object(
  {
    role: Type.String(),
    content: Type.Union([Type.String(), Type.Array(Block)]),
    // Of system messages: until when the text is shown, and how hard the model thinks in this turn.
    clear_at: Text,
    output_config: Type.Optional(Type.Union([Type.Object({ effort: Text }, open), Type.Null()])),
  },
  open,
)
export type RequestMessage = Static<typeof RequestMessage>

/** A tool: the client’s own, or one of Anthropic’s by its `type`. @see wire.md 1.3 */
export const Tool = Type.Object(
  {
    type: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    name: Type.Optional(Type.String()),
    description: Type.Optional(Type.String()),
    input_schema: Type.Optional(Json),
    strict: Type.Optional(Type.Boolean()),
    cache_control: Type.Optional(Type.Union([CacheControl, Type.Null()])),
  },
  open,
)
export type Tool = Static<typeof Tool>

/** How the model is to choose among the tools. @see wire.md 1.2 */
export const ToolChoice = Type.Object(
  {
    type: Type.String(),
    name: Type.Optional(Type.String()),
    disable_parallel_tool_use: Type.Optional(Type.Boolean()),
  },
  open,
)
export type ToolChoice = Static<typeof ToolChoice>

/** @see wire.md 1.2 */
export const MessagesRequest = Type.Object(
  {
    model: Type.String({ minLength: 1 }),
    max_tokens: Type.Optional(Type.Integer({ minimum: 0 })),
    messages: Type.Array(RequestMessage),
    system: Type.Optional(Type.Union([Type.String(), Type.Array(Block)])),
    stream: Type.Optional(Type.Boolean()),
    stop_sequences: Type.Optional(Type.Array(Type.String())),
    temperature: Type.Optional(Type.Number()),
    top_p: Type.Optional(Type.Number()),
    top_k: Type.Optional(Type.Number()),
    tools: Type.Optional(Type.Array(Tool)),
    tool_choice: Type.Optional(ToolChoice),
    thinking: Type.Optional(
      Type.Object(
        {
          type: Type.String(),
          budget_tokens: Type.Optional(Type.Number()),
          display: Text,
        },
        open,
      ),
    ),
    output_config: Type.Optional(
      Type.Object({ effort: Text, format: Type.Optional(Type.Unknown()) }, open),
    ),
    metadata: Type.Optional(
      Type.Object({ user_id: Type.Optional(Type.Union([Type.String(), Type.Null()])) }, open),
    ),
    service_tier: Type.Optional(Type.String()),
    speed: Text,
    output_format: Type.Optional(Type.Unknown()),
  },
  open,
)
export type MessagesRequest = Static<typeof MessagesRequest>

const Count = Type.Optional(Type.Union([Type.Number(), Type.Null()]))

/** Token counts as Anthropic sends them; `input_tokens` is the uncached part only. @see wire.md 1.4 */
export const MessageUsage = Type.Object(
  {
    input_tokens: Count,
    output_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_read_input_tokens: Count,
    output_tokens_details: Type.Optional(Type.Unknown()),
    // Ours, in dollars: what Claude Code says that an answer of SDK mode cost.
    cost_usd: Count,
  },
  open,
)
export type MessageUsage = Static<typeof MessageUsage>

/** A whole reply. @see wire.md 1.4 */
export const Message = Type.Object(
  {
    id: Type.String(),
    type: Type.Literal('message'),
    role: Type.Literal('assistant'),
    model: Type.String(),
    content: Type.Array(Block),
    stop_reason: Type.Union([Type.String(), Type.Null()]),
    stop_sequence: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    stop_details: Type.Optional(Type.Unknown()),
    usage: MessageUsage,
  },
  open,
)
export type Message = Static<typeof Message>

/** The delta of one block: its `type` must match the block's. @see wire.md 1.5 */
export type BlockDelta =
  | { type: 'text_delta'; text: string }
  | { type: 'input_json_delta'; partial_json: string }
  | { type: 'thinking_delta'; thinking: string }
  | { type: 'signature_delta'; signature: string }
  | { type: 'citations_delta'; citation: unknown }

/** What a message_delta may set on the message. */
export interface MessageDelta {
  stop_reason: string | null
  stop_sequence?: string | null
  stop_details?: unknown
  [key: string]: unknown
}

/** The hub's events: Anthropic's stream events, plus the ones a newer API may add. @see wire.md 1.5 */
export type StreamEvent =
  | { type: 'message_start'; message: Message }
  | { type: 'content_block_start'; index: number; content_block: Block }
  | { type: 'content_block_delta'; index: number; delta: BlockDelta }
  | { type: 'content_block_stop'; index: number }
  | { type: 'message_delta'; delta: MessageDelta; usage: MessageUsage }
  | { type: 'message_stop' }
  | { type: 'ping' }
  | {
      type: 'error'
      error: { type: string; message: string; [key: string]: unknown }
      /** The error behind it, for an early reply's status; never written to a client. */
      cause?: ProxyError
    }
