import { realText } from './prompt.ts'
import type { DemoTurn, ToolOutcome } from './turn.ts'

/** One thing that a conversation says, in order, whichever wire wrote it. */
export type Said =
  | { readonly type: 'text'; readonly role: 'user' | 'assistant'; readonly text: string }
  | { readonly type: 'call'; readonly id: string; readonly name: string }
  | {
      readonly type: 'result'
      readonly id: string
      readonly text: string
      readonly failed: boolean
    }
  | { readonly type: 'attachment' }

/** The last prompt, and what has happened since. */
export function toldBy(
  said: readonly Said[],
): Pick<DemoTurn, 'prompt' | 'outcomes' | 'rounds' | 'attachments'> {
  const names = new Map<string, string>()
  let prompt: string[] = []
  let outcomes: ToolOutcome[] = []
  let rounds = 0
  let attachments = 0
  let before: 'user' | 'model' = 'model'
  let calling = false
  for (const part of said) {
    const fromUser = part.type === 'attachment' || (part.type === 'text' && part.role === 'user')
    const text = part.type === 'text' && part.role === 'user' ? realText(part.text) : ''
    if (part.type === 'attachment' || text !== '') {
      if (before === 'model') [prompt, outcomes, rounds, attachments] = [[], [], 0, 0]
      if (text === '') attachments += 1
      else prompt.push(text)
      before = 'user'
    }
    if (!fromUser) before = 'model'
    if (part.type === 'call') names.set(part.id, part.name)
    if (part.type === 'call' && !calling) rounds += 1
    calling = part.type === 'call'
    if (part.type !== 'result') continue
    outcomes.push({ name: names.get(part.id) ?? 'tool', text: part.text, failed: part.failed })
  }
  return { prompt: prompt.join('\n'), outcomes, rounds, attachments }
}
