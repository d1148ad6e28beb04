import { sha256Hex } from '../kit/sha256.ts'

const SHAPE = /^user_[0-9a-f]{32}$/

/** The user id that a translation makes up where the client sent none: the same for the same seed. */
export function standInUser(seed: string): string {
  return `user_${sha256Hex(seed).slice(0, 32)}`
}

/** Whether an id in a translated request looks as if it were made up here. */
export function isStandInUser(id: string): boolean {
  return SHAPE.test(id)
}
