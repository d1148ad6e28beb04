import type { ProfileOverrides } from '../protocol/profile.ts'

/** One vendor: how its base URL is recognised, and where it differs from the neutral profile. */
export interface Vendor {
  readonly name: string
  readonly hosts: RegExp
  readonly data: ProfileOverrides
  /** It speaks Responses beside Chat Completions. */
  readonly bothWires?: true
  /** What a family of its models changes; every matching one applies, in order. */
  readonly models?: readonly (readonly [family: RegExp, data: ProfileOverrides])[]
}
