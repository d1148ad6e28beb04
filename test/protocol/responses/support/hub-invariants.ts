import type { StreamEvent } from '../../../../src/protocol/protocol.ts'
import { isRecord } from '../../../../src/protocol/value.ts'

const DELTA_OF_BLOCK: Readonly<Record<string, readonly string[]>> = {
  text: ['text_delta', 'citations_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  tool_use: ['input_json_delta'],
  server_tool_use: ['input_json_delta'],
}

/** Throws where a finished stream of hub events breaks a rule of translation.md 3.K. */
export function checkHubStream(events: readonly StreamEvent[]): void {
  const last = events.at(-1)
  if (last === undefined) throw new Error('Nothing at all was sent')
  if (last.type === 'error' && events.length === 1) return
  const [start, ...rest] = events
  if (start?.type !== 'message_start') throw new Error(`Starts with ${start?.type}`)
  let open: { index: number; type: string; json: string } | undefined
  let next = 0
  let tools = 0
  const broken: string[] = []
  let reason: string | null | undefined
  for (const [place, event] of rest.entries()) {
    const final = place === rest.length - 1
    if (reason !== undefined && event.type !== 'message_stop')
      throw new Error('Event after the end')
    switch (event.type) {
      case 'message_start':
        throw new Error('Second message_start')
      case 'content_block_start':
        if (open !== undefined) throw new Error(`Block ${event.index} opened inside ${open.index}`)
        if (event.index !== next) throw new Error(`Index ${event.index} instead of ${next}`)
        next += 1
        open = { index: event.index, type: event.content_block.type, json: '' }
        if (open.type === 'tool_use') tools += 1
        break
      case 'content_block_delta': {
        const allowed = DELTA_OF_BLOCK[open?.type ?? ''] ?? []
        if (open?.index !== event.index) throw new Error('Delta outside its block')
        if (!allowed.includes(event.delta.type)) {
          throw new Error(`${event.delta.type} in a ${open.type} block`)
        }
        if (event.delta.type === 'input_json_delta') open.json += event.delta.partial_json
        break
      }
      case 'content_block_stop':
        if (open?.index !== event.index) throw new Error('Stop of a block that is not open')
        if (open.json !== '' && !isObject(open.json)) broken.push(open.json)
        open = undefined
        break
      case 'message_delta':
        if (open !== undefined) throw new Error('message_delta inside a block')
        if (!isRecord(event.usage)) throw new Error('message_delta without usage')
        reason = event.delta.stop_reason
        break
      case 'message_stop':
        if (!final || reason === undefined) throw new Error('message_stop out of place')
        break
      case 'ping':
        break
      case 'error':
        if (!final) throw new Error('Something follows an error')
        return
    }
  }
  if (last.type !== 'message_stop') throw new Error(`Ends with ${last.type}`)
  if (broken.length > 0 && reason !== 'max_tokens' && reason !== 'refusal') {
    throw new Error(`Broken arguments in a finished stream: ${broken[0]}`)
  }
  if (reason === 'tool_use' && tools === 0) throw new Error('tool_use without a tool')
  if (tools > 0 && reason === 'end_turn') throw new Error('A tool was called, but the turn ended')
}

function isObject(json: string): boolean {
  try {
    return isRecord(JSON.parse(json))
  } catch {
    // That is what is asked.
    return false
  }
}
