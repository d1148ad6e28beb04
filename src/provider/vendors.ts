import type { ProfileOverrides } from '../protocol/profile.ts'
import { OPENAI_EXTRAS, OPENAI_VENDOR } from './openai-vendor.ts'
import type { Vendor } from './vendor.ts'

const NO_IMAGES: ProfileOverrides = { images: false }

/** Mistral's models, whose template wants an assistant's message between a tool's and a user's, wherever they run (2026-06). */
const MISTRAL_MODELS: NonNullable<Vendor['models']>[number] = [
  /mistral|mixtral|ministral|codestral|devstral|magistral|pixtral/,
  { user_after_tool: false },
]

/** The built-in vendors; the first whose host matches is taken. */
export const VENDORS: readonly Vendor[] = [
  OPENAI_VENDOR,
  {
    name: 'azure-openai',
    hosts: /\.(openai\.azure\.com|cognitiveservices\.azure\.com|services\.ai\.azure\.com)$/,
    data: { ...OPENAI_VENDOR.data, service_tier: false, files: false },
    bothWires: true,
    models: OPENAI_VENDOR.models ?? [],
  },
  {
    name: 'openrouter',
    hosts: /(^|\.)openrouter\.ai$/,
    data: {
      effort_levels: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
      effort_field: 'reasoning',
      replay_reasoning: 'reasoning_details',
      top_k: true,
      files: true,
      cache_control: 'claude',
      openai_extras: OPENAI_EXTRAS,
    },
    models: [MISTRAL_MODELS],
  },
  {
    name: 'deepseek',
    hosts: /(^|\.)deepseek\.com$/,
    data: {
      ...NO_IMAGES,
      max_output_tokens: 393_216,
      // It knows high and max; the others it maps to these by itself.
      effort_levels: ['low', 'medium', 'high', 'xhigh', 'max'],
      thinking_toggle: 'thinking',
      // It thinks unless told otherwise, and refuses a forced choice then.
      tool_choices: ['auto', 'none'],
      replay_reasoning: 'reasoning_content',
      response_format: 'json_object',
      parallel_tool_calls: false,
      stop_limit: 16,
      user: false,
      openai_extras: ['presence_penalty', 'frequency_penalty', 'logprobs', 'top_logprobs'],
    },
    models: [
      [
        /-chat/,
        {
          max_output_tokens: 8_192,
          effort_levels: [],
          tool_choices: ['auto', 'none', 'required', 'named'],
        },
      ],
      // The reasoner thinks always, and refuses to be told.
      [/reasoner/, { thinking_toggle: 'none', effort_levels: [], max_output_tokens: 65_536 }],
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
    models: [
      [/^(?!.*(k2\.[5-9]|k[3-9]|for-coding|vision)).*$/, NO_IMAGES],
      // Their sampling is fixed: another temperature is refused.
      [/k2\.[5-9]|k[3-9]|for-coding/, { sampling: 'none', openai_extras: [] }],
      // These think always.
      [/k2\.7|k[3-9]/, { thinking_toggle: 'none' }],
      [
        /k[3-9]/,
        { effort_levels: ['low', 'high', 'max'], tool_choices: ['auto', 'none', 'required'] },
      ],
    ],
  },
  {
    name: 'glm',
    hosts: /(^|\.)(bigmodel\.cn|z\.ai)$/,
    data: {
      max_output_tokens: 131_072,
      effort_levels: [],
      thinking_toggle: 'thinking',
      replay_reasoning: 'reasoning_content',
      tool_choices: ['auto'],
      parallel_tool_calls: false,
      response_format: 'json_object',
      stop_limit: 1,
      openai_extras: [],
    },
    models: [
      [/^(?!.*glm-[\d.]+v).*$/, NO_IMAGES],
      [/glm-4\.5/, { max_output_tokens: 98_304 }],
      [/glm-5\.2/, { effort_levels: ['low', 'medium', 'high', 'xhigh', 'max'] }],
      // It thinks always.
      [/glm-5\.3/, { effort_levels: ['low', 'high', 'max'], thinking_toggle: 'none' }],
    ],
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
    // The open models, which are named by their size, think in streams only (2026-11).
    models: [[/-\d+(\.\d+)?b(-|$)/, { whole_thinking: false }]],
  },
  {
    name: 'groq',
    hosts: /(^|\.)groq\.com$/,
    data: {
      max_tokens_field: 'max_completion_tokens',
      effort_levels: [],
      // Its tiers are its own: it refuses OpenAI's.
      service_tier: false,
      openai_extras: ['seed'],
    },
    models: [
      [/gpt-oss/, { effort_levels: ['low', 'medium', 'high'], replay_reasoning: 'reasoning' }],
      [/qwen/, { effort_levels: ['none', 'default'] }],
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
      // It knows one type, and `nullable` beside it (2026-02).
      schema_type_lists: false,
      parallel_tool_calls: false,
      user: false,
      openai_extras: [],
    },
    models: [
      // These cannot stop thinking.
      [/gemini-(2\.5-pro|[3-9]|\d\d)/, { effort_levels: ['minimal', 'low', 'medium', 'high'] }],
      // Google's documented stand-in for a signature that it did not make itself.
      [/gemini-([3-9]|\d\d)/, { thought_signature: 'skip_thought_signature_validator' }],
    ],
  },
  {
    name: 'xai',
    hosts: /(^|\.)x\.ai$/,
    data: { effort_levels: [], openai_extras: ['seed', 'logprobs', 'top_logprobs'] },
    models: [
      [/grok-3-mini/, { effort_levels: ['low', 'high'], replay_reasoning: 'reasoning_content' }],
      [/grok-([4-9]|code)/, { stop_limit: 0, replay_reasoning: 'reasoning_content' }],
      [/grok-4\.3/, { effort_levels: ['none', 'low', 'medium', 'high'] }],
      [/grok-(4\.[5-9]|[5-9])/, { effort_levels: ['low', 'medium', 'high'] }],
    ],
  },
  {
    name: 'mistral',
    hosts: /(^|\.)mistral\.ai$/,
    data: {
      effort_levels: [],
      tool_id_length: 9,
      tool_id_exact: true,
      user_after_tool: false,
      // Usage comes with the last chunk by itself; the option is refused as an extra input.
      stream_options: false,
      user: false,
      prompt_cache_key: true,
      openai_extras: ['presence_penalty', 'frequency_penalty'],
    },
    models: [[/mistral-small-(latest|26)/, { effort_levels: ['none', 'high'] }]],
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
    data: { top_k: true, strict_tools: false, replay_reasoning: 'reasoning' },
    models: [MISTRAL_MODELS],
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
    models: [
      [/(^|\/)(o[1-9]|gpt-[5-9])/, { max_tokens_field: 'max_completion_tokens' }],
      MISTRAL_MODELS,
    ],
  },
]
