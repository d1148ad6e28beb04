import { ProxyError } from '../../kit/error.ts'
import { getModel, listModels } from '../demo/messages/list-models.ts'
import { findModel } from '../demo/models.ts'

const LIST = '/v1/models'

/** Claude's models as Anthropic's endpoint lists them: Claude Code takes them all, and has no list of its own to ask. */
export function answerModels(url: string): Response {
  const { pathname, searchParams } = new URL(url)
  if (pathname === LIST) return listModels(searchParams)
  const id = decodeURIComponent(pathname.slice(LIST.length + 1))
  if (findModel(id) === undefined) throw new ProxyError('not_found', `Model "${id}" is not known`)
  return getModel(id)
}
