import { type Static, Type } from '@sinclair/typebox'

// Wire schemas are open: a field not listed here is carried, never refused.
const open = { additionalProperties: true } as const
const Json = Type.Record(Type.String(), Type.Unknown())
const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]))

/** One part of a message's content; `type` says which other fields are there. @see wire.md 2.1 */
export const ChatPart = Type.Object(
  {
    type: Type.String(),
    text: Type.Optional(Type.String()),
    refusal: Type.Optional(Type.String()),
    image_url: Type.Optional(
      Type.Union([
        Type.String(),
        Type.Object({ url: Type.String(), detail: Type.Optional(Type.Unknown()) }, open),
      ]),
    ),
    file: Type.Optional(
      Type.Object(
        {
          filename: Type.Optional(Type.String()),
          file_data: Type.Optional(Type.String()),
          file_id: Type.Optional(Type.String()),
        },
        open,
      ),
    ),
    cache_control: Type.Optional(Type.Union([Json, Type.Null()])),
    prompt_cache_breakpoint: Type.Optional(Type.Unknown()),
  },
  open,
)
export type ChatPart = Static<typeof ChatPart>

const FunctionCall = Type.Object(
  { name: Type.String(), arguments: Type.Optional(Type.String()) },
  open,
)

/** One call of a function in an assistant message. */
export const ChatToolCall = Type.Object(
  {
    id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    type: Type.Optional(Type.String()),
    function: Type.Optional(FunctionCall),
  },
  open,
)
export type ChatToolCall = Static<typeof ChatToolCall>

/** One message of a conversation; `role` says which other fields are there. @see wire.md 2.1, 2.5 */
export const ChatMessage = Type.Object(
  {
    role: Type.String(),
    content: Type.Optional(Type.Union([Type.String(), Type.Array(ChatPart), Type.Null()])),
    name: Text,
    refusal: Text,
    tool_calls: Type.Optional(Type.Union([Type.Array(ChatToolCall), Type.Null()])),
    tool_call_id: Text,
    function_call: Type.Optional(Type.Union([FunctionCall, Type.Null()])),
    audio: Type.Optional(Type.Unknown()),
    reasoning_content: Text,
    reasoning: Text,
    reasoning_details: Type.Optional(Type.Unknown()),
    is_error: Type.Optional(Type.Boolean()),
    cache_control: Type.Optional(Type.Union([Json, Type.Null()])),
  },
  open,
)
export type ChatMessage = Static<typeof ChatMessage>

/** A function that the model may call. */
export const ChatFunction = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    description: Text,
    parameters: Type.Optional(Type.Union([Json, Type.Null()])),
    strict: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  },
  open,
)
export type ChatFunction = Static<typeof ChatFunction>

/** A tool of the list; only `function` ones are served. */
export const ChatTool = Type.Object(
  {
    type: Type.String(),
    function: Type.Optional(ChatFunction),
    cache_control: Type.Optional(Type.Union([Json, Type.Null()])),
  },
  open,
)
export type ChatTool = Static<typeof ChatTool>

const Limit = Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]))
const Fraction = Type.Optional(Type.Union([Type.Number(), Type.Null()]))
const Flag = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]))

/** A Chat Completions request. @see wire.md 2.1 */
export const ChatRequest = Type.Object(
  {
    model: Type.String({ minLength: 1 }),
    messages: Type.Array(ChatMessage, { minItems: 1 }),
    stream: Flag,
    stream_options: Type.Optional(
      Type.Union([Type.Object({ include_usage: Flag }, open), Type.Null()]),
    ),
    max_tokens: Limit,
    max_completion_tokens: Limit,
    temperature: Fraction,
    top_p: Fraction,
    n: Limit,
    stop: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String()), Type.Null()])),
    tools: Type.Optional(Type.Union([Type.Array(ChatTool), Type.Null()])),
    tool_choice: Type.Optional(Type.Union([Type.String(), Json, Type.Null()])),
    parallel_tool_calls: Flag,
    functions: Type.Optional(Type.Union([Type.Array(ChatFunction), Type.Null()])),
    function_call: Type.Optional(Type.Union([Type.String(), Json, Type.Null()])),
    response_format: Type.Optional(
      Type.Union([
        Type.Object({ type: Type.String(), json_schema: Type.Optional(Type.Unknown()) }, open),
        Type.Null(),
      ]),
    ),
    reasoning_effort: Text,
    user: Text,
    metadata: Type.Optional(Type.Union([Json, Type.Null()])),
    safety_identifier: Text,
    prompt_cache_key: Text,
    modalities: Type.Optional(Type.Unknown()),
    top_k: Fraction,
    thinking: Type.Optional(Type.Unknown()),
    reasoning: Type.Optional(Type.Unknown()),
    betas: Type.Optional(Type.Unknown()),
  },
  open,
)
export type ChatRequest = Static<typeof ChatRequest>

/** A whole Chat Completions reply as we write it. @see wire.md 2.2 */
export interface ChatCompletion {
  id: string
  object: 'chat.completion'
  created: number
  model: string
  choices: ChatChoice[]
  usage?: ChatUsage
}

/** The one choice of a reply. */
export interface ChatChoice {
  index: 0
  message: Record<string, unknown>
  logprobs: null
  finish_reason: string
}

/** Token counts as OpenAI writes them; `prompt_tokens` includes the cached part. @see wire.md 2.2 */
export interface ChatUsage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  prompt_tokens_details: { cached_tokens: number; cache_write_tokens: number }
  completion_tokens_details: { reasoning_tokens: number }
  /** Ours, in dollars, where it is known. */
  cost_usd?: number
}
