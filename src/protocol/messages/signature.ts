import { isRecord } from '../../kit/json.ts'
import { recordsIn } from '../value.ts'
import type { Block, MessagesRequest, RequestMessage } from './schema.ts'

const PREFIX = 'ccproxy.'

/** What a signature of our own says: which wire the thinking came from, and what replays it there. */
export interface OwnSignature {
  /** The protocol of the upstream that thought. */
  readonly origin: 'chat' | 'responses'
  readonly [key: string]: unknown
}

/** A thinking signature that names its origin, so that it never passes for Anthropic's. */
export function makeSignature(content: OwnSignature): string {
  return PREFIX + Buffer.from(JSON.stringify(content)).toString('base64url')
}

/** Whether a signature was made by `makeSignature`, intact or not. */
export function isOwnSignature(signature: unknown): boolean {
  return typeof signature === 'string' && signature.startsWith(PREFIX)
}

/** What a signature of our own says; nothing for anyone else's or a damaged one. */
export function readSignature(signature: unknown): OwnSignature | undefined {
  if (typeof signature !== 'string' || !signature.startsWith(PREFIX)) return undefined
  try {
    const text = Buffer.from(signature.slice(PREFIX.length), 'base64url').toString('utf8')
    const value: unknown = JSON.parse(text)
    if (!isRecord(value)) return undefined
    const { origin } = value
    return origin === 'chat' || origin === 'responses' ? { ...value, origin } : undefined
  } catch {
    // A client cut it: as good as none.
    return undefined
  }
}

/** How much `stripOwnThinking` looks at: `own` removes our blocks only, `unsigned` also those without a signature. */
export type StripReach = 'own' | 'unsigned'

/**
 * The request without thinking, search results and citations that a real Anthropic upstream would refuse, because
 * another upstream made them. The same object comes back
 * when there is nothing to remove; a message left empty is left out.
 */
export function stripOwnThinking(
  request: MessagesRequest,
  reach: StripReach = 'own',
): MessagesRequest {
  let changed = false
  const messages: RequestMessage[] = []
  for (const message of request.messages) {
    const kept = keepGenuine(message, reach)
    if (kept !== message) changed = true
    if (kept !== undefined) messages.push(kept)
  }
  return changed ? { ...request, messages } : request
}

function keepGenuine(message: RequestMessage, reach: StripReach): RequestMessage | undefined {
  if (message.role !== 'assistant' || typeof message.content === 'string') return message
  const searches = ownSearches(message.content)
  const kept = message.content.filter(
    (block) => !isRefused(block, reach) && !searches.has(block.tool_use_id ?? block.id),
  )
  const content = kept.map(withoutOwnCitations)
  const same = kept.length === message.content.length
  if (same && content.every((block, index) => block === kept[index])) return message
  return content.length === 0 ? undefined : { ...message, content }
}

/** The ids of searches that another upstream made: Anthropic could not read what they found. */
function ownSearches(content: readonly Block[]): ReadonlySet<unknown> {
  const own = content.filter(
    (block) =>
      block.type === 'web_search_tool_result' &&
      recordsIn(block.content).some((found) => isOwnSignature(found.encrypted_content)),
  )
  return new Set(own.map((block) => block.tool_use_id ?? ''))
}

function withoutOwnCitations(block: Block): Block {
  const all = recordsIn(block.citations)
  const genuine = all.filter((citation) => !isOwnSignature(citation.encrypted_index))
  if (genuine.length === all.length) return block
  const { citations: _citations, ...rest } = block
  return genuine.length === 0 ? rest : { ...rest, citations: genuine }
}

function isRefused(block: Block, reach: StripReach): boolean {
  if (block.type === 'redacted_thinking') return isOwnSignature(block.data)
  if (block.type !== 'thinking') return false
  return isOwnSignature(block.signature) || (reach === 'unsigned' && !block.signature)
}
