import { isRecord } from '../../kit/json.ts'
import { textOf } from '../../protocol/value.ts'
import { resultBlocks } from './history.ts'
import { CALLER_SERVER, type CallerTool } from './launch.ts'

/** What an MCP server of the Agent SDK writes to. */
export interface McpTransport {
  onmessage?: (message: unknown) => void
  start?: () => Promise<void>
  send(message: object): Promise<void>
}

/** A result as the caller sends it: a tool_result block's content. */
export interface CallerResult {
  readonly content: unknown
  readonly isError: boolean
}

/** Far above what a caller sends: a result is passed on whole. */
const RESULT_CHARS = 500_000_000
const VERSION = '2025-06-18'

/**
 * The caller's tools as an in-process MCP server: a call waits until the caller's next request brings its result.
 * Spoken by hand, since it is four methods of JSON-RPC and schemas must pass as they are.
 */
export class CallerTools {
  readonly #tools: readonly CallerTool[]
  readonly #early = new Map<string, CallerResult>()
  readonly #waiting = new Map<string, (result: CallerResult) => void>()
  #transport: McpTransport | undefined

  constructor(tools: readonly CallerTool[]) {
    this.#tools = tools
  }

  /** What the Agent SDK calls; it gives the transport and reads what is sent. */
  async connect(transport: McpTransport): Promise<void> {
    this.#transport = transport
    transport.onmessage = (message) => this.#take(message)
    await transport.start?.()
  }

  async close(): Promise<void> {
    this.#transport = undefined
  }

  /** Gives a call its result, also before Claude Code has asked for it. */
  answer(id: string, result: CallerResult): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (waiting === undefined) this.#early.set(id, result)
    else waiting(result)
  }

  #take(message: unknown): void {
    if (!isRecord(message) || message.id === undefined) return
    const { id, method } = message
    const params = isRecord(message.params) ? message.params : {}
    if (method === 'tools/call') this.#call(id, params)
    else if (method === 'initialize') this.#reply(id, introduction(params))
    else if (method === 'tools/list') this.#reply(id, { tools: this.#tools.map(listed) })
    else if (method === 'ping') this.#reply(id, {})
    else this.#send({ id, error: { code: -32601, message: 'Method not found' } })
  }

  #call(id: unknown, params: Record<string, unknown>): void {
    const meta = isRecord(params._meta) ? params._meta : {}
    const call = textOf(meta['claudecode/toolUseId']) ?? ''
    const give = ({ content, isError }: CallerResult) =>
      this.#reply(id, { content: resultBlocks(content).map(asMcp), isError })
    const early = this.#early.get(call)
    this.#early.delete(call)
    if (early === undefined) this.#waiting.set(call, give)
    else give(early)
  }

  #reply(id: unknown, result: object): void {
    this.#send({ id, result })
  }

  #send(message: object): void {
    // A process that is gone reads no answers.
    this.#transport?.send({ jsonrpc: '2.0', ...message }).catch(() => undefined)
  }
}

function introduction(params: Record<string, unknown>): object {
  return {
    protocolVersion: textOf(params.protocolVersion) ?? VERSION,
    capabilities: { tools: {} },
    serverInfo: { name: CALLER_SERVER, version: '1' },
  }
}

/** Read-only, or calls would run one after the other: what a tool does is the caller's to know. */
function listed({ name, description, schema }: CallerTool): object {
  return {
    name,
    description,
    inputSchema: schema,
    annotations: { readOnlyHint: true },
    _meta: { 'anthropic/alwaysLoad': true, 'anthropic/maxResultSizeChars': RESULT_CHARS },
  }
}

/** A result's block in MCP's form, which knows text and base64 images; what else there is goes as its JSON. */
function asMcp(block: Record<string, unknown>): object {
  if (block.type === 'text') return { type: 'text', text: block.text ?? '' }
  const source = isRecord(block.source) ? block.source : {}
  if (block.type === 'image' && source.type === 'base64') {
    return { type: 'image', data: source.data, mimeType: source.media_type }
  }
  return { type: 'text', text: JSON.stringify(block) }
}

/** Whether a result can be given to a waiting call without loss. */
export function isPlainResult(content: unknown): boolean {
  return resultBlocks(content).every((block) => {
    if (block.type === 'text') return true
    return block.type === 'image' && isRecord(block.source) && block.source.type === 'base64'
  })
}
