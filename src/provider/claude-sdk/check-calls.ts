import { ProxyError } from '../../kit/error.ts'
import { callIds, type HistoryMessage, resultIds } from './history.ts'

/**
 * Refuses what the API refuses of calls and their results. Claude Code would mend it by itself: it takes out results
 * whose calls it does not know, and makes up results that are missing.
 * @throws ProxyError invalid_request
 */
export function checkCalls(turns: readonly HistoryMessage[]): void {
  const known = new Set<string>()
  turns.forEach((turn, at) => {
    const calls = turn.role === 'assistant' ? callIds(turn) : []
    for (const id of calls) {
      if (known.has(id)) throw invalid(at, `the call "${id}" is there twice`)
      known.add(id)
    }
    const before = turns[at - 1]
    const results = turn.role === 'user' ? resultIds(turn) : []
    const asked = before === undefined ? [] : callIds(before)
    const stray = results.find((id) => !asked.includes(id))
    if (stray !== undefined) {
      throw invalid(at, `a tool_result is for "${stray}", which the turn before does not call`)
    }
    const open = asked.find((id) => !results.includes(id))
    if (open !== undefined) throw invalid(at, `the call "${open}" has no tool_result`)
    if (new Set(results).size < results.length) throw invalid(at, 'a call has two tool_results')
  })
}

function invalid(at: number, detail: string): ProxyError {
  const field = 'messages'
  return new ProxyError('invalid_request', `Cannot serve "messages": in turn ${at + 1} ${detail}`, {
    field,
  })
}
