import type { ProfileOverrides } from '../protocol/profile.ts'
import type { Vendor } from './vendor.ts'

/** The fields of Chat Completions that only OpenAI and its closest kin take. */
export const OPENAI_EXTRAS = [
  ...['seed', 'presence_penalty', 'frequency_penalty', 'logprobs', 'top_logprobs', 'logit_bias'],
  ...['prediction', 'store', 'verbosity', 'prompt_cache_retention', 'metadata'],
]

const OPENAI: ProfileOverrides = {
  max_tokens_field: 'max_completion_tokens',
  effort_levels: [],
  encrypted_reasoning: false,
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
  encrypted_reasoning: true,
  effort_levels: ['low', 'medium', 'high'],
}

/** Later entries refine earlier ones: gpt-5.1 is a gpt-5 too. */
const OPENAI_MODELS: readonly (readonly [RegExp, ProfileOverrides])[] = [
  [/(^|[/:])gpt-4/, { max_output_tokens: 4_096 }],
  [/(^|[/:])gpt-4o/, { max_output_tokens: 16_384 }],
  [/(^|[/:])gpt-4\.1/, { max_output_tokens: 32_768 }],
  [/(^|[/:])o[1-9]/, { ...OPENAI_REASONING, max_output_tokens: 100_000 }],
  [
    /(^|[/:])gpt-5/,
    {
      ...OPENAI_REASONING,
      max_output_tokens: 128_000,
      effort_levels: ['minimal', 'low', 'medium', 'high'],
    },
  ],
  [/(^|[/:])gpt-5\.1/, { effort_levels: ['none', 'low', 'medium', 'high'] }],
  [/(^|[/:])gpt-5\.[2-9]/, { effort_levels: ['none', 'low', 'medium', 'high', 'xhigh'] }],
  [/(^|[/:])gpt-5[\w.]*-codex/, { effort_levels: ['low', 'medium', 'high'] }],
  [
    /(^|[/:])gpt-5\.(1-codex-max|[2-9]-codex)/,
    { effort_levels: ['low', 'medium', 'high', 'xhigh'] },
  ],
  [
    /(^|[/:])gpt-[6-9]/,
    {
      ...OPENAI_REASONING,
      max_output_tokens: 128_000,
      effort_levels: ['none', 'low', 'medium', 'high', 'xhigh'],
    },
  ],
  [/(^|[/:])gpt-6-astra/, { effort_levels: ['low', 'medium', 'high', 'xhigh'] }],
  // Chat Completions refuses tools unless these do not think at all (2026-07).
  [/(^|[/:])gpt-(5\.[4-9]|[6-9])/, { effort_with_tools: false }],
  [
    /gpt-5[\w.]*-chat/,
    {
      effort_levels: [],
      encrypted_reasoning: false,
      sampling: 'both',
      system_role: 'system',
      stop_limit: 4,
      max_output_tokens: 16_384,
    },
  ],
  [/search-(preview|api)/, { web_search: true }],
]

/** OpenAI itself. @see wire.md 2 */
export const OPENAI_VENDOR: Vendor = {
  name: 'openai',
  hosts: /(^|\.)api\.openai\.com$/,
  data: OPENAI,
  bothWires: true,
  models: OPENAI_MODELS,
}
