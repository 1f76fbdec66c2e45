// Asks the server, a moment after the last key, what it says of this JSON: it is the one that knows the rules.
import type { UseQueryResult } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Refused } from '../../api.ts'
import { parseJson } from './service-json.ts'

const quietMs = 400

export interface Check<Answer> {
  /** Untouched: nothing was typed yet, so nothing is wrong with it. */
  state: 'untouched' | 'badJson' | 'checking' | 'refused' | 'fine'
  refused: Refused | null
  /** Of a JSON that is fine. */
  answer: Answer | null
}

/** The text as it was when the last key was pressed a moment ago: what is asked about. */
export function useSettled(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), quietMs)
    return () => clearTimeout(timer)
  }, [text])
  return settled
}

/** `asked`: what the server said of `settled`; it is asked only while that is JSON. */
export function checkOf<Answer>(text: string, settled: string, asked: UseQueryResult<Answer, Refused>): Check<Answer> {
  if (parseJson(text) === null) return { state: 'badJson', refused: null, answer: null }
  if (asked.isPlaceholderData || asked.isPending || settled !== text) {
    return { state: 'checking', refused: null, answer: null }
  }
  if (asked.error) return { state: 'refused', refused: asked.error, answer: null }
  return { state: 'fine', refused: null, answer: asked.data }
}
