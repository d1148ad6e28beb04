import { isRecord } from '../kit/json.ts'
import type { Block } from './messages/schema.ts'
import { textOf } from './value.ts'

/** What an OpenAI client marks as the end of a prefix to cache: Anthropic's own field, or OpenAI's. */
export function cacheControlIn(from: {
  readonly cache_control?: unknown
  readonly prompt_cache_breakpoint?: unknown
}): Block['cache_control'] {
  const { cache_control: control } = from
  if (isRecord(control)) {
    const ttl = textOf(control.ttl)
    return { type: 'ephemeral', ...(ttl === undefined ? {} : { ttl }) }
  }
  return isRecord(from.prompt_cache_breakpoint) ? { type: 'ephemeral' } : undefined
}
