import { readdirSync, readFileSync } from 'node:fs'
import { makeSignature } from '../../../../src/protocol/messages/signature.ts'
import { sealRedacted, sealThinking } from '../../../../src/protocol/responses/envelope.ts'
import { reasoningSignature } from '../../../../src/protocol/responses/reasoning-signature.ts'

/** One golden case: a text file of header lines, input, `---`, expected. */
export interface Golden {
  readonly name: string
  readonly title: string
  readonly kind: string
  readonly options: Record<string, unknown>
  readonly input: string
  readonly expected: string
}

const FOLDER = new URL('../../../golden/', import.meta.url).pathname

/** The golden cases whose kind has this prefix. */
export function goldens(prefix: string): Golden[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.txt'))
    .sort()
    .map((file) => parse(file, readFileSync(FOLDER + file, 'utf8')))
    .filter((golden) => golden.kind.startsWith(prefix))
}

function parse(file: string, text: string): Golden {
  const gap = text.indexOf('\n\n')
  const options: Record<string, unknown> = {}
  let title = ''
  let kind = ''
  for (const line of text.slice(0, gap).split('\n')) {
    const [, key, value] = /^([\w-]+): (.*)$/.exec(line) ?? []
    if (line.startsWith('# ')) title = line.slice(2)
    else if (key === 'kind') kind = value ?? ''
    else if (key !== undefined) options[key] = JSON.parse(value ?? 'null')
  }
  const body = text.slice(gap + 2)
  const cut = body.indexOf('\n---\n')
  return {
    name: file.replace(/\.txt$/, ''),
    title,
    kind,
    options,
    input: seals(body.slice(0, cut)),
    expected: seals(body.slice(cut + 5)),
  }
}

/** Writes out the opaque values that a case names by what is in them. */
function seals(text: string): string {
  return text
    .replace(/\{\{reasoning (.*?)\|(.*?)\}\}/g, (_, encrypted, upstream) =>
      reasoningSignature(encrypted, upstream),
    )
    .replace(/\{\{thinking (.*?)\|(.*?)\}\}/g, (_, thinking, signature) =>
      sealThinking(thinking, signature),
    )
    .replace(/\{\{redacted (.*?)\}\}/g, (_, data) => sealRedacted(data))
    .replaceAll('{{unsigned}}', makeSignature({ origin: 'responses' }))
}

/** The JSON values of a text with one on each line. */
export function jsonLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}
