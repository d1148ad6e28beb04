import { isRecord } from '../../kit/json.ts'
import { recordsIn } from '../value.ts'
import { choiceOf } from './chunk-in.ts'

/** Fields of a message or delta that are read, or only say whose it is. */
const READ: ReadonlySet<string> = new Set([
  ...['role', 'name', 'content', 'refusal', 'tool_calls', 'tool_call_id', 'function_call'],
  ...['reasoning', 'reasoning_content', 'reasoning_details', 'thinking_blocks', 'annotations'],
])
/** Fields beside the choices in which vendors put a part of the answer. */
const BESIDE = ['citations', 'search_results', 'images'] as const
/** Kinds of content that are read, or have a text. */
const READ_PARTS: ReadonlySet<unknown> = new Set(['reasoning', 'thinking', 'refusal', 'tool_calls'])

/** Who wants to know what is lost. */
export interface LostOptions {
  readonly lost?: (path: string) => void
}

/** Tells by its path what a chunk or whole reply holds that no other protocol has a place for. */
export function tellLost(value: Record<string, unknown>, { lost }: LostOptions): void {
  if (lost !== undefined) for (const path of lostFields(value)) lost(path)
}

function lostFields(value: Record<string, unknown>): string[] {
  const lost: string[] = BESIDE.filter((name) => holds(value[name]))
  const choice = choiceOf(value.choices)
  const message = isRecord(choice?.delta) ? choice.delta : choice?.message
  if (!isRecord(message)) return lost
  for (const name in message) {
    if (READ.has(name) || !holds(message[name])) continue
    // LiteLLM repeats there what it has translated.
    if (name === 'provider_specific_fields') lost.push(...lostIn(message[name]))
    else lost.push(`message.${name}`)
  }
  for (const { type, text } of recordsIn(message.content)) {
    if (typeof text !== 'string' && !READ_PARTS.has(type))
      lost.push(`message.content.${String(type)}`)
  }
  return lost
}

function lostIn(specific: unknown): string[] {
  if (!isRecord(specific)) return []
  return Object.keys(specific)
    .filter((name) => !READ.has(name) && holds(specific[name]))
    .map((name) => `message.${name}`)
}

/** Whether a value can be a part of the answer: flags and numbers are none, nor is what is empty. */
function holds(value: unknown): boolean {
  if (typeof value === 'string') return value !== ''
  if (Array.isArray(value)) return value.length > 0
  return isRecord(value) && Object.keys(value).length > 0
}
