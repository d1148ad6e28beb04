import { ProxyError } from '../kit/error.ts'
import type { ByteReader } from '../kit/pump.ts'

/** More than any model answers, bytes, decompressed: who sends on would take all the memory there is. */
const MOST_BYTES = 256 * 1024 * 1024

/** Reads a reply's whole body; throws `upstream_protocol` where it goes on for too long. `heard` is told of each part. */
export async function wholeBody(response: Response, heard: () => void): Promise<Uint8Array> {
  const { headers } = response
  const length = headers.get('content-length')
  // To ask for `body` makes a stream of it: not where the size is known. A compressed one says how it came, not what
  // it becomes.
  if (length !== null && !headers.has('content-encoding') && Number(length) <= MOST_BYTES) {
    return response.bytes()
  }
  return response.body === null ? new Uint8Array(0) : readWhole(response.body.getReader(), heard)
}

/** Reads to the end, within the same bounds. */
export async function readWhole(
  endless: ByteReader,
  heard: () => void = () => undefined,
): Promise<Uint8Array> {
  const reader = bounded(endless)
  const chunks: Uint8Array[] = []
  for (;;) {
    const { value, done } = await reader.read()
    if (done || value === undefined) break
    chunks.push(value)
    heard()
  }
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)
}

/** A reader that throws where what it reads goes on for too long. */
export function bounded(reader: ByteReader): ByteReader {
  let bytes = 0
  return {
    async read() {
      const result = await reader.read()
      bytes += result.value?.length ?? 0
      if (bytes <= MOST_BYTES) return result
      reader.cancel().catch(() => undefined)
      const text = `Upstream sent more than ${MOST_BYTES / 1024 / 1024} MiB for one answer: check base_url`
      throw new ProxyError('upstream_protocol', text)
    },
    cancel: () => reader.cancel(),
  }
}
