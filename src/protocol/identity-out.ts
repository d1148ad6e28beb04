import { sha256Hex } from '../kit/sha256.ts'
import type { Profile } from './profile.ts'
import type { Note, Turn } from './protocol.ts'
import { textOf } from './value.ts'

/** Who asks, in OpenAI's words: the id as it is where it fits its 64 characters, else its hash. */
export function identityOut({ request, hints }: Turn, profile: Profile, notes: Note[]): object {
  const id = textOf(request.metadata?.user_id)
  const key = textOf(hints.prompt_cache_key) ?? id
  if (id !== undefined && !profile.user) {
    notes.push(`metadata.user_id: not supported by "${profile.name}", dropped`)
  }
  return {
    ...(id !== undefined && profile.user ? { user: bounded(id) } : {}),
    ...(key !== undefined && profile.prompt_cache_key ? { prompt_cache_key: bounded(key) } : {}),
  }
}

function bounded(id: string): string {
  return id.length <= 64 ? id : sha256Hex(id)
}
