import { type Static, Type } from '@sinclair/typebox'

const Flag = (description: string) => Type.Boolean({ description })
const Words = (description: string) => Type.Array(Type.String(), { description })
const closed = { additionalProperties: false } as const

/** What one OpenAI-compatible upstream can do and wants; the data for each vendor is in provider/profile.ts. */
export const Profile = Type.Object(
  {
    name: Type.String({ description: 'Name of the profile, as notes and status show it' }),
    max_tokens_field: Type.Union(
      [Type.Literal('max_tokens'), Type.Literal('max_completion_tokens')],
      { description: 'Field that limits the answer' },
    ),
    max_output_tokens: Type.Integer({ minimum: 0, description: 'Largest limit; 0 for no cap' }),
    effort_levels: Words('Accepted reasoning_effort values, weakest first; empty for no field'),
    effort_field: Type.Union([Type.Literal('reasoning_effort'), Type.Literal('reasoning')], {
      description: 'Where the effort goes: `reasoning_effort`, or OpenRouter’s `reasoning.effort`',
    }),
    effort_with_tools: Flag('Accepts an effort beside tools on Chat Completions'),
    encrypted_reasoning: Flag('Thinks, and hands that back encrypted on Responses'),
    thinking_toggle: Type.Union(
      [Type.Literal('none'), Type.Literal('thinking'), Type.Literal('enable_thinking')],
      {
        description:
          'Switch for thinking: none, `thinking.type` (GLM, Kimi) or `enable_thinking` (Qwen)',
      },
    ),
    whole_thinking: Flag('Thinks where the answer is to come whole, not only in streams'),
    replay_reasoning: Type.Union(
      [
        Type.Literal('none'),
        Type.Literal('reasoning_content'),
        Type.Literal('reasoning'),
        Type.Literal('reasoning_details'),
        Type.Literal('thinking_blocks'),
      ],
      { description: 'Field in which earlier reasoning goes back on turns with tool calls' },
    ),
    system_role: Type.Union([Type.Literal('system'), Type.Literal('developer')], {
      description: 'Role of the system message',
    }),
    sampling: Type.Union([Type.Literal('both'), Type.Literal('one'), Type.Literal('none')], {
      description: 'Whether temperature and top_p go up: both, only one of them, or none',
    }),
    top_k: Flag('Accepts top_k'),
    stop_limit: Type.Integer({ minimum: 0, description: 'Most stop sequences; 0 for none' }),
    stream_options: Flag('Accepts stream_options.include_usage'),
    tools: Flag('Accepts tools'),
    tool_choices: Words('Accepted tool_choice kinds of auto, none, required, named'),
    parallel_tool_calls: Flag('Accepts parallel_tool_calls'),
    strict_tools: Flag('Accepts strict on a function'),
    tool_name_length: Type.Integer({ minimum: 8, description: 'Longest tool name' }),
    tool_id_length: Type.Integer({ minimum: 9, description: 'Longest tool call id' }),
    tool_id_exact: Flag('Tool call ids must be letters and digits of exactly that length'),
    schema_drop: Words('JSON Schema keywords that tool schemas may not use'),
    schema_type_lists: Flag('Accepts a list of types in tool schemas'),
    images: Flag('Accepts image parts'),
    tool_result_images: Flag('Accepts image parts in role tool'),
    user_after_tool: Flag('Accepts a user message right behind tool messages'),
    files: Flag('Accepts file parts'),
    response_format: Type.Union(
      [Type.Literal('json_schema'), Type.Literal('json_object'), Type.Literal('none')],
      { description: 'Strongest structured output that it has' },
    ),
    web_search: Flag('Accepts web_search_options'),
    cache_control: Type.Union(
      [Type.Literal('claude'), Type.Literal('keep'), Type.Literal('strip')],
      { description: 'Whether cache_control goes up: for Claude models only, always or never' },
    ),
    user: Flag('Accepts user'),
    prompt_cache_key: Flag('Accepts prompt_cache_key'),
    service_tier: Flag('Accepts service_tier'),
    openai_extras: Words('Accepted fields beyond the common set: seed, logprobs, logit_bias, …'),
    thought_signature: Type.String({
      description: 'Value for Gemini’s thought_signature on replayed tool calls; empty for none',
    }),
  },
  closed,
)
export type Profile = Static<typeof Profile>

/** A part of a profile, as a user writes it in TOML to override the built-in data. */
export const ProfileOverrides = Type.Partial(Profile, closed)
export type ProfileOverrides = Static<typeof ProfileOverrides>

/** An upstream of which nothing is known: the fields that every server understands, and no other. */
export const NEUTRAL_PROFILE: Profile = {
  name: 'generic',
  max_tokens_field: 'max_tokens',
  max_output_tokens: 0,
  effort_levels: ['low', 'medium', 'high'],
  effort_field: 'reasoning_effort',
  effort_with_tools: true,
  encrypted_reasoning: true,
  thinking_toggle: 'none',
  whole_thinking: true,
  replay_reasoning: 'none',
  system_role: 'system',
  sampling: 'both',
  top_k: false,
  stop_limit: 4,
  stream_options: true,
  tools: true,
  tool_choices: ['auto', 'none', 'required', 'named'],
  parallel_tool_calls: true,
  strict_tools: false,
  tool_name_length: 64,
  tool_id_length: 64,
  tool_id_exact: false,
  schema_drop: [],
  schema_type_lists: true,
  images: true,
  tool_result_images: false,
  user_after_tool: true,
  files: false,
  response_format: 'json_schema',
  web_search: false,
  cache_control: 'claude',
  user: true,
  prompt_cache_key: false,
  service_tier: false,
  openai_extras: [
    'seed',
    'presence_penalty',
    'frequency_penalty',
    'logprobs',
    'top_logprobs',
    'logit_bias',
  ],
  thought_signature: '',
}
