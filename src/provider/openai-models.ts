/**
 * OpenAI's model names and the Claude model that stands in for each, for clients that can name no other (2026-11).
 * `providers.anthropic.models` in the settings is looked up first.
 */
export const OPENAI_MODELS: Readonly<Record<string, string>> = {
  'gpt-*': 'claude-sonnet-5-5',
  'gpt-*-mini*': 'claude-haiku-5-5',
  'gpt-*-nano*': 'claude-haiku-5-5',
  'gpt-*-pro*': 'claude-opus-5-5',
  'gpt-3.5-turbo*': 'claude-haiku-5-5',
  'chatgpt-*': 'claude-sonnet-5-5',
  'codex-*': 'claude-sonnet-5-5',
  'o1*': 'claude-opus-5-5',
  'o3*': 'claude-opus-5-5',
  'o4*': 'claude-opus-5-5',
  'o1-mini*': 'claude-sonnet-5-5',
  'o3-mini*': 'claude-sonnet-5-5',
  'o4-mini*': 'claude-sonnet-5-5',
  'text-davinci-*': 'claude-haiku-5-5',
}
