import { isRecord, parseJson } from '../kit/json.ts'
import { type SseFrame, SseParser } from '../kit/sse.ts'
import { readErrorValue } from './read-error.ts'

/** What an upstream says of its failure in the middle of a stream; undefined where these whole events tell of none. */
export function streamFailure(events: Uint8Array): string | undefined {
  const parser = new SseParser()
  for (const frame of [...parser.push(events), ...parser.end()]) {
    const failure = failureIn(frame)
    if (failure !== undefined) return failure
  }
  return undefined
}

function failureIn({ event, data }: SseFrame): string | undefined {
  const value = parseJson(data)
  if (!isRecord(value)) return event === 'error' ? readErrorValue(data).message : undefined
  const { type, error, response } = value
  if (type === 'response.failed' || type === 'response.cancelled') {
    return readErrorValue(isRecord(response) ? response : value).message
  }
  const tells = event === 'error' || type === 'error' || (error !== undefined && error !== null)
  return tells ? readErrorValue(value).message : undefined
}
