import { TypeCompiler, type ValueError } from '@sinclair/typebox/compiler'
import { ProxyError } from '../kit/error.ts'
import { MessagesRequest, type Tool } from '../protocol/messages/schema.ts'
import { countImage } from './count-image.ts'
import { countText } from './count-text.ts'
import { type PromptParts, promptParts } from './prompt-parts.ts'
import { type TokenFamily, tokenFamily } from './token-family.ts'
import { forgetTexts } from './tokenizer.ts'
import { jsonToolText, openAiToolText } from './tool-text.ts'

/** Anthropic's guide: 1,500 to 3,000 tokens of text a page, and the picture of the page. */
const PAGE_TEXT = 2250
const PAGE_IMAGE = { width: 850, height: 1100 }

const check = TypeCompiler.Compile(MessagesRequest)

/**
 * Estimates the prompt tokens of a Messages request for an upstream without `count_tokens`. The
 * text is exact for OpenAI's o200k_base models and weighed for others; @see token-family.ts.
 */
export async function estimateTokens(
  request: MessagesRequest,
  model: string,
): Promise<{ input_tokens: number }> {
  if (!check.Check(request)) throw wrong(check.Errors(request).First())
  const family = tokenFamily(model)
  const parts = promptParts(request)
  const tools = toolTexts(request.tools ?? [], family)
  try {
    let tokens = templateTokens(parts, request.tools?.length ?? 0, family)
    tokens += mediaTokens(parts, model, family)
    for (const text of [...parts.texts, ...tools]) tokens += await countText(text, family)
    return { input_tokens: Math.round(tokens) }
  } finally {
    await forgetTexts()
  }
}

function toolTexts(tools: readonly Tool[], family: TokenFamily): string[] {
  if (tools.length === 0) return []
  const isOpenAi = family.name === 'openai' || family.name === 'gpt-oss'
  return isOpenAi ? [openAiToolText(tools)] : tools.map(jsonToolText)
}

function templateTokens(parts: PromptParts, tools: number, family: TokenFamily): number {
  const shared = parts.hasSystem ? family.shared : 0
  return (
    family.request +
    (parts.hasSystem ? family.system : 0) +
    family.message * parts.messages +
    (tools > 0 ? family.tools + family.tool * tools - shared : 0) +
    family.call * parts.calls +
    family.result * parts.results
  )
}

function mediaTokens(parts: PromptParts, model: string, family: TokenFamily): number {
  const page = PAGE_TEXT + countImage(PAGE_IMAGE, model, family.name)
  const images = parts.images.map((size) => countImage(size, model, family.name))
  return parts.pages * page + images.reduce((sum, tokens) => sum + tokens, 0)
}

/** The error of the deepest field: a union reports itself, not the member that nearly fits. */
function wrong(error: ValueError | undefined): ProxyError {
  const found = error === undefined ? undefined : deepest(error)
  const field = found?.path.slice(1).replaceAll('/', '.') || 'messages'
  const problem = found?.value === undefined ? 'Field required' : `${found.message}`
  return new ProxyError('invalid_request', `${field}: ${problem}`, { field })
}

function deepest(error: ValueError): ValueError {
  const inner = error.errors.flatMap((errors) => errors.First() ?? []).map(deepest)
  return inner.reduce((best, one) => (one.path.length > best.path.length ? one : best), error)
}
