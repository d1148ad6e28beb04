import { isRecord } from '../../kit/json.ts'
import { recordsIn, textOf } from '../value.ts'
import { makeSignature, type OwnSignature } from './signature.ts'

/**
 * The web pages that OpenAI's annotations name, as Claude's citations of search results. What of the page was cited
 * is not said, so it stays empty, and the index is ours: a real Anthropic upstream must never get it as its own.
 */
export function urlCitations(
  annotations: unknown,
  origin: OwnSignature['origin'],
): Record<string, unknown>[] {
  return recordsIn(annotations).flatMap((annotation) => {
    if (annotation.type !== 'url_citation') return []
    // Responses writes it flat, Chat Completions nested.
    const inner = isRecord(annotation.url_citation) ? annotation.url_citation : annotation
    const url = textOf(inner.url)
    if (url === undefined) return []
    return [
      {
        type: 'web_search_result_location',
        cited_text: '',
        url,
        title: textOf(inner.title) ?? null,
        encrypted_index: makeSignature({ origin }),
      },
    ]
  })
}
