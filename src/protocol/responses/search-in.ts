import { isRecord } from '../../kit/json.ts'
import { makeSignature } from '../messages/signature.ts'
import { recordsIn, textOf } from '../value.ts'

/** What a web_search_call looked for. */
export function searchQuery(item: Record<string, unknown>): string {
  const action = isRecord(item.action) ? item.action : {}
  const queries = Array.isArray(action.queries) ? action.queries : []
  return textOf(action.query) ?? textOf(queries[0]) ?? textOf(action.url) ?? ''
}

/**
 * What a web_search_call found, as Claude's result block holds it. The results' own encrypted content is ours: a
 * real Anthropic upstream must never get it as its own.
 */
export function searchContent(item: Record<string, unknown>): unknown {
  if (item.status === 'failed') {
    return { type: 'web_search_tool_result_error', error_code: 'unavailable' }
  }
  const action = isRecord(item.action) ? item.action : {}
  return recordsIn(action.sources).flatMap((source) => {
    const url = textOf(source.url)
    if (url === undefined) return []
    return [
      {
        type: 'web_search_result',
        url,
        title: textOf(source.title) ?? url,
        encrypted_content: makeSignature({ origin: 'responses' }),
        page_age: null,
      },
    ]
  })
}
