import type { ProxyError } from '../../kit/error.ts'
import { headOf } from '../error-head.ts'

/** What an overflow counts: the prompt, the answer that was asked for, and what both may have together. */
interface Counts {
  readonly prompt: number
  readonly answer: number
  readonly limit: number
}

/** The least room for an answer with which Claude Code tries again, in tokens: below it has to compact. */
const LEAST_ROOM = 5000

/**
 * The message of an error for Anthropic's clients. Claude Code compacts at "prompt is too long", and asks for a shorter
 * answer where only prompt and answer together are too long: another vendor's overflow is said in the words for it.
 */
export function promptTooLong(error: ProxyError): string {
  const { message } = error
  if (error.vendorCode !== 'context_length_exceeded') return message
  if (message.includes('prompt is too long')) return message
  const plain = headOf(message).replace(/(\d),(?=\d{3})/g, '$1')
  const counts = countsIn(plain)
  if (counts !== undefined) return counted(counts, /at least/i.test(plain))
  const over = overLimit(plain)
  if (over === undefined) return `prompt is too long: ${message}`
  return `prompt is too long: ${over.used} tokens > ${over.limit} maximum`
}

/** vLLM stops counting once it is over, so that a prompt of `atLeast` half the window may be any longer. */
function counted({ prompt, answer, limit }: Counts, atLeast: boolean): string {
  if (limit - prompt >= LEAST_ROOM && !(atLeast && prompt * 2 > limit)) {
    return `input length and \`max_tokens\` exceed context limit: ${prompt} + ${answer} > ${limit}, decrease input length or \`max_tokens\` and try again`
  }
  const used = prompt > limit ? prompt : prompt + answer
  return `prompt is too long: ${used} tokens > ${limit} maximum`
}

const PROMPT =
  /\b(\d{1,9}) (?:tokens )?(?:(?:in|from) (?:the|your) (?:input )?(?:messages|prompt|functions)|of \w+ input|input tokens|`inputs` tokens)/gi
const ANSWER =
  /\b(\d{1,9}) (?:tokens )?(?:(?:in|for) (?:the|your) (?:completion|output)|output tokens|`max_new_tokens`)|is too large: (\d{1,9})/i
const LIMIT = /(?:maximum context length|must be <=)\D{0,20}(\d{1,9})/i

/** The counts of OpenAI, OpenRouter, vLLM, SGLang and TGI, which tell prompt and answer apart. */
function countsIn(message: string): Counts | undefined {
  const parts = [...message.matchAll(PROMPT)].map((match) => Number(match[1]))
  const [, written, large] = ANSWER.exec(message) ?? []
  const limit = Number(LIMIT.exec(message)?.[1])
  const answer = Number(written ?? large)
  const prompt = parts.reduce((sum, part) => sum + part, 0)
  // A count that is missing is NaN, with which nothing is greater.
  return parts.length > 0 && prompt + answer > limit ? { prompt, answer, limit } : undefined
}

/** `maximum context length is 8192 tokens. However, you requested 9000 tokens` and its variants. */
function overLimit(message: string): { used: number; limit: number } | undefined {
  const numbers = [...message.matchAll(/\d{3,}/g)].map((match) => Number(match[0]))
  const named = /(?:maximum|max|limit|window|up to|context (?:length|size))\D{0,60}?(\d{3,})/i
  const limit = Number(named.exec(message)?.[1])
  if (!Number.isInteger(limit)) return undefined
  const used = Math.max(...numbers)
  return used > limit ? { used, limit } : undefined
}
