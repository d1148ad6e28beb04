import { headOf } from './error-head.ts'

/** The words that vendors use for a prompt over the context window (2026-11). */
const WORDS: readonly string[] = [
  // OpenAI, Azure, DeepSeek, OpenRouter, Mistral, vLLM, SGLang, Fireworks
  'prompt (is )?too long',
  'maximum context (length|limit|window|size)',
  'context_length_exceeded',
  "exceeds? (the )?(model'?s )?(maximum |available )?context (window|length|size)",
  // MiniMax and others
  'context (window|length) (is )?(exceeded|exceeds limit)',
  // Kimi, xAI, GLM, Groq and Cerebras
  'exceeded model token limit',
  'maximum prompt length',
  'prompt exceeds max length',
  'reduce the length of the (messages|input prompt)',
  // Gemini, Qwen, GitHub Copilot
  'input token count .* exceeds the maximum',
  'range of input length',
  'prompt token count of [\\d,]+ exceeds the limit',
  // vLLM's and Together's, llama.cpp's older, LM Studio's, TGI's
  "longer than the (maximum model length|model'?s context length)",
  'greater than the context length',
  'loaded with context length of only',
  '`inputs` tokens \\+ `max_new_tokens` must be',
  // Bedrock, and LiteLLM for all behind it
  'input is too long for requested model',
  'ContextWindowExceededError',
]

const OVERFLOW = new RegExp(WORDS.join('|'), 'i')

/** Whether an upstream's message says that the prompt is over the model's context window. */
export function saysOverflow(message: string): boolean {
  return OVERFLOW.test(headOf(message))
}
