import type { ProfileOverrides } from '../protocol/profile.ts'

/** One vendor: how its base URL is recognised, and where it differs from the neutral profile. */
export interface Vendor {
  readonly name: string
  readonly hosts: RegExp
  readonly data: ProfileOverrides
  /** What a family of its models changes; every matching one applies, in order. */
  readonly models?: readonly (readonly [family: RegExp, data: ProfileOverrides])[]
}

const OPENAI_EXTRAS = [
  ...['seed', 'presence_penalty', 'frequency_penalty', 'logprobs', 'top_logprobs', 'logit_bias'],
  ...['prediction', 'store', 'verbosity', 'prompt_cache_retention', 'metadata'],
]

const OPENAI: ProfileOverrides = {
  max_tokens_field: 'max_completion_tokens',
  effort_levels: [],
  strict_tools: true,
  tool_id_length: 40,
  files: true,
  cache_control: 'strip',
  prompt_cache_key: true,
  service_tier: true,
  openai_extras: OPENAI_EXTRAS,
}

/** Reasoning models take no sampling parameters and a developer message. @see wire.md 2.1 */
const OPENAI_REASONING: ProfileOverrides = {
  system_role: 'developer',
  sampling: 'none',
  stop_limit: 0,
  effort_levels: ['low', 'medium', 'high'],
}

/** Later entries refine earlier ones: gpt-5.1 is a gpt-5 too. */
const OPENAI_MODELS: readonly (readonly [RegExp, ProfileOverrides])[] = [
  [/(^|\/)gpt-4/, { max_output_tokens: 4_096 }],
  [/(^|\/)gpt-4o/, { max_output_tokens: 16_384 }],
  [/(^|\/)gpt-4\.1/, { max_output_tokens: 32_768 }],
  [/(^|\/)o[1-9]/, { ...OPENAI_REASONING, max_output_tokens: 100_000 }],
  [
    /(^|\/)gpt-5/,
    {
      ...OPENAI_REASONING,
      max_output_tokens: 128_000,
      effort_levels: ['minimal', 'low', 'medium', 'high'],
    },
  ],
  [/(^|\/)gpt-5\.[1-9]/, { effort_levels: ['none', 'low', 'medium', 'high', 'xhigh'] }],
  [
    /(^|\/)gpt-([6-9]|5\.1-codex-max)/,
    { ...OPENAI_REASONING, effort_levels: ['low', 'medium', 'high', 'xhigh'] },
  ],
  [
    /gpt-5[\w.]*-chat/,
    {
      effort_levels: [],
      sampling: 'both',
      system_role: 'system',
      stop_limit: 4,
      max_output_tokens: 16_384,
    },
  ],
  [/search-(preview|api)/, { web_search: true }],
]

const NO_IMAGES: ProfileOverrides = { images: false }

/** The built-in vendors; the first whose host matches is taken. */
export const VENDORS: readonly Vendor[] = [
  { name: 'openai', hosts: /(^|\.)api\.openai\.com$/, data: OPENAI, models: OPENAI_MODELS },
  {
    name: 'azure-openai',
    hosts: /\.(openai\.azure\.com|cognitiveservices\.azure\.com|services\.ai\.azure\.com)$/,
    data: { ...OPENAI, service_tier: false, files: false },
    models: OPENAI_MODELS,
  },
  {
    name: 'openrouter',
    hosts: /(^|\.)openrouter\.ai$/,
    data: {
      effort_levels: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'],
      effort_field: 'reasoning',
      replay_reasoning: 'reasoning_details',
      top_k: true,
      files: true,
      cache_control: 'claude',
      openai_extras: OPENAI_EXTRAS,
    },
  },
  {
    name: 'deepseek',
    hosts: /(^|\.)deepseek\.com$/,
    data: {
      ...NO_IMAGES,
      max_output_tokens: 8_192,
      effort_levels: [],
      thinking_toggle: 'thinking',
      replay_reasoning: 'reasoning_content',
      response_format: 'json_object',
      parallel_tool_calls: false,
      stop_limit: 16,
      user: false,
      openai_extras: ['presence_penalty', 'frequency_penalty', 'logprobs', 'top_logprobs'],
    },
    // The reasoner thinks always, and refuses to be told.
    models: [
      [
        /reasoner/,
        { thinking_toggle: 'none', tool_choices: ['auto', 'none'], max_output_tokens: 65_536 },
      ],
    ],
  },
  {
    name: 'kimi',
    hosts: /(^|\.)(moonshot\.(ai|cn)|kimi\.com)$/,
    data: {
      effort_levels: [],
      thinking_toggle: 'thinking',
      replay_reasoning: 'reasoning_content',
      tool_choices: ['auto', 'none'],
      parallel_tool_calls: false,
      stop_limit: 5,
      prompt_cache_key: true,
      user: false,
      openai_extras: ['presence_penalty', 'frequency_penalty'],
    },
    models: [[/^(?!.*(k2\.[5-9]|k[3-9]|vision)).*$/, NO_IMAGES]],
  },
  {
    name: 'glm',
    hosts: /(^|\.)(bigmodel\.cn|z\.ai)$/,
    data: {
      effort_levels: [],
      thinking_toggle: 'thinking',
      replay_reasoning: 'reasoning_content',
      tool_choices: ['auto'],
      parallel_tool_calls: false,
      response_format: 'json_object',
      stop_limit: 1,
      openai_extras: [],
    },
    models: [[/^(?!.*glm-[\d.]+v).*$/, NO_IMAGES]],
  },
  {
    name: 'qwen',
    hosts: /(^|\.)(dashscope(-intl|-us)?\.aliyuncs\.com|chat\.qwen\.ai)$/,
    data: {
      effort_levels: [],
      thinking_toggle: 'enable_thinking',
      tool_choices: ['auto', 'none', 'named'],
      top_k: true,
      user: false,
      openai_extras: ['seed', 'presence_penalty', 'logprobs', 'top_logprobs'],
    },
  },
  {
    name: 'groq',
    hosts: /(^|\.)groq\.com$/,
    data: {
      max_tokens_field: 'max_completion_tokens',
      effort_levels: [],
      service_tier: true,
      openai_extras: ['seed'],
    },
    models: [
      [/gpt-oss/, { effort_levels: ['low', 'medium', 'high'], replay_reasoning: 'reasoning' }],
      [/qwen/, { effort_levels: ['none'] }],
    ],
  },
  {
    name: 'gemini',
    hosts: /(^|\.)generativelanguage\.googleapis\.com$/,
    data: {
      max_output_tokens: 65_536,
      effort_levels: ['none', 'minimal', 'low', 'medium', 'high'],
      schema_drop: [
        '$schema',
        '$id',
        '$comment',
        'additionalProperties',
        'propertyNames',
        'patternProperties',
        'exclusiveMinimum',
        'exclusiveMaximum',
        'const',
        'if',
        'then',
        'else',
        'not',
        'contains',
      ],
      parallel_tool_calls: false,
      user: false,
      openai_extras: [],
    },
    // Google's documented stand-in for a signature that it did not make itself.
    models: [[/gemini-([3-9]|\d\d)/, { thought_signature: 'skip_thought_signature_validator' }]],
  },
  {
    name: 'xai',
    hosts: /(^|\.)x\.ai$/,
    data: { effort_levels: [], openai_extras: ['seed', 'logprobs', 'top_logprobs'] },
    models: [
      [/grok-3-mini/, { effort_levels: ['low', 'high'], replay_reasoning: 'reasoning_content' }],
      [/grok-(4|code)/, { stop_limit: 0, replay_reasoning: 'reasoning_content' }],
    ],
  },
  {
    name: 'mistral',
    hosts: /(^|\.)mistral\.ai$/,
    data: {
      effort_levels: [],
      tool_id_length: 9,
      tool_id_exact: true,
      // Usage comes with the last chunk by itself; the option is refused as an extra input.
      stream_options: false,
      user: false,
      openai_extras: ['presence_penalty', 'frequency_penalty'],
    },
  },
  {
    name: 'ollama',
    hosts: /^ollama(\.|$)|:11434$/,
    data: {
      tool_choices: [],
      parallel_tool_calls: false,
      user: false,
      replay_reasoning: 'reasoning',
      effort_levels: ['none', 'low', 'medium', 'high'],
      openai_extras: ['seed', 'presence_penalty', 'frequency_penalty'],
    },
  },
  {
    name: 'vllm',
    hosts: /^vllm(\.|$)/,
    data: { top_k: true, strict_tools: false, replay_reasoning: 'reasoning_content' },
  },
  {
    name: 'lmstudio',
    hosts: /^lm-?studio(\.|$)|:1234$/,
    data: {
      effort_levels: ['low', 'medium', 'high'],
      tool_choices: ['auto', 'none', 'required'],
      parallel_tool_calls: false,
      user: false,
      top_k: true,
      openai_extras: ['seed', 'presence_penalty', 'frequency_penalty', 'logit_bias'],
    },
  },
  {
    name: 'litellm',
    hosts: /litellm|:4000$/,
    data: {
      effort_levels: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'],
      replay_reasoning: 'thinking_blocks',
      files: true,
      prompt_cache_key: true,
      openai_extras: OPENAI_EXTRAS,
    },
    models: [[/(^|\/)(o[1-9]|gpt-[5-9])/, { max_tokens_field: 'max_completion_tokens' }]],
  },
]
