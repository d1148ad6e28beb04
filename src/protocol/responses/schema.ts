import { type Static, Type } from '@sinclair/typebox'

// Wire schemas are open: a field not listed here is carried, never refused.
const open = { additionalProperties: true } as const

const text = Type.Optional(Type.Union([Type.String(), Type.Null()]))
const number = Type.Optional(Type.Union([Type.Number(), Type.Null()]))
const flag = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]))
const Json = Type.Record(Type.String(), Type.Unknown())

/** One part of a message's or an output's content; `type` says which other fields are there. */
export const Part = Type.Object(
  {
    type: Type.String(),
    text,
    refusal: text,
    image_url: Type.Optional(Type.Unknown()),
    detail: Type.Optional(Type.Unknown()),
    file_id: text,
    file_data: text,
    file_url: text,
    filename: text,
    cache_control: Type.Optional(Type.Unknown()),
    prompt_cache_breakpoint: Type.Optional(Type.Unknown()),
  },
  open,
)
export type Part = Static<typeof Part>

const Content = Type.Union([Type.String(), Type.Array(Part)])

/** One item of a request's `input` or a reply's `output`. @see wire.md 2.6 */
export const Item = Type.Object(
  {
    type: text,
    id: text,
    role: text,
    status: text,
    content: Type.Optional(Type.Union([Content, Type.Null()])),
    call_id: text,
    name: text,
    namespace: text,
    arguments: Type.Optional(Type.Unknown()),
    input: Type.Optional(Type.Unknown()),
    output: Type.Optional(Type.Unknown()),
    summary: Type.Optional(Type.Union([Type.Array(Part), Type.Null()])),
    encrypted_content: text,
    action: Type.Optional(Type.Unknown()),
    tools: Type.Optional(Type.Unknown()),
  },
  open,
)
export type Item = Static<typeof Item>

/** A tool as Responses writes it: flat, with the fields of its `type`. */
export const ResponsesTool = Type.Object(
  {
    type: Type.String(),
    name: Type.Optional(Type.String()),
    description: text,
    parameters: Type.Optional(Type.Union([Json, Type.Null()])),
    strict: flag,
    format: Type.Optional(Type.Unknown()),
    tools: Type.Optional(Type.Array(Json)),
    filters: Type.Optional(Type.Union([Json, Type.Null()])),
    user_location: Type.Optional(Type.Union([Json, Type.Null()])),
  },
  open,
)
export type ResponsesTool = Static<typeof ResponsesTool>

const ToolChoice = Type.Union([
  Type.String(),
  Type.Object(
    {
      type: Type.String(),
      name: Type.Optional(Type.String()),
      namespace: Type.Optional(Type.String()),
      mode: Type.Optional(Type.String()),
      tools: Type.Optional(Type.Array(Json)),
    },
    open,
  ),
])

/** A client's request. @see wire.md 2.6 */
export const ResponsesRequest = Type.Object(
  {
    model: Type.String({ minLength: 1 }),
    input: Type.Optional(Type.Union([Type.String(), Type.Array(Item), Type.Null()])),
    instructions: text,
    tools: Type.Optional(Type.Union([Type.Array(ResponsesTool), Type.Null()])),
    tool_choice: Type.Optional(Type.Union([ToolChoice, Type.Null()])),
    parallel_tool_calls: flag,
    reasoning: Type.Optional(
      Type.Union([
        Type.Object({ effort: text, summary: text, generate_summary: text }, open),
        Type.Null(),
      ]),
    ),
    text: Type.Optional(
      Type.Union([
        Type.Object({ format: Type.Optional(Type.Unknown()), verbosity: text }, open),
        Type.Null(),
      ]),
    ),
    include: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
    store: flag,
    stream: flag,
    max_output_tokens: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()])),
    temperature: number,
    top_p: number,
    truncation: text,
    metadata: Type.Optional(Type.Union([Json, Type.Null()])),
    service_tier: text,
    user: text,
    safety_identifier: text,
    prompt_cache_key: text,
    background: flag,
  },
  open,
)
export type ResponsesRequest = Static<typeof ResponsesRequest>
