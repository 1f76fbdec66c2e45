// JSON to write by hand: CodeMirror, loaded when it is first seen. The text belongs to the caller; what is wrong with it is
// marked where it stands.
import { json } from '@codemirror/lang-json'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, setDiagnostics } from '@codemirror/lint'
import { tags } from '@lezer/highlight'
import { basicSetup, EditorView } from 'codemirror'
import { useEffect, useRef } from 'react'
import { nonce } from '../nonce.ts'

export interface JsonProblem {
  from: number
  to: number
  message: string
}

interface Props {
  label: string
  value: string
  onChange: (text: string) => void
  problem: JsonProblem | null
  height?: number
}

// Both themes in one: the page's color-scheme chooses.
const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'light-dark(#0b4f9e, #8ab8ff)' },
  { tag: tags.string, color: 'light-dark(#0a6b2d, #8fd69f)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'light-dark(#8a3b00, #ffb27a)' },
  { tag: [tags.separator, tags.bracket, tags.punctuation], color: 'light-dark(#555, #aaa)' },
])

const look = (height: number) =>
  EditorView.theme({
    '&': {
      height: `${height}px`,
      fontSize: '12px',
      border: '1px solid light-dark(#d9d9d9, #424242)',
      borderRadius: '4px',
      backgroundColor: 'light-dark(#fff, #141414)',
      color: 'light-dark(#1f1f1f, #e0e0e0)',
    },
    '&.cm-focused': { outline: '2px solid light-dark(#1554d1, #3d7bff)', outlineOffset: '-1px' },
    '.cm-scroller': { fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace', lineHeight: '20px' },
    '.cm-gutters': {
      backgroundColor: 'light-dark(#fafafa, #1d1d1d)',
      color: 'light-dark(#6b6b6b, #9a9a9a)',
      border: 'none',
    },
    '.cm-content': { caretColor: 'light-dark(#000, #fff)' },
    '.cm-cursor': { borderLeftColor: 'light-dark(#000, #fff)' },
    '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'light-dark(#1554d10d, #ffffff0d)' },
    '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': {
      backgroundColor: 'light-dark(#b5d0ff, #264a86) !important',
    },
    '.cm-tooltip, .cm-panels': {
      backgroundColor: 'light-dark(#fff, #262626)',
      color: 'light-dark(#1f1f1f, #e0e0e0)',
    },
  })

export default function JsonEditor({ label, value, onChange, problem, height = 480 }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const changed = useRef(onChange)
  changed.current = onChange
  // The editor is made once: what it starts with is what the next effect keeps current.
  const start = useRef({ label, value, height })
  useEffect(() => {
    if (!place.current) return
    const editor = new EditorView({
      parent: place.current,
      doc: start.current.value,
      extensions: [
        EditorView.cspNonce.of(nonce),
        basicSetup,
        json(),
        syntaxHighlighting(colours),
        look(start.current.height),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': start.current.label }),
        EditorView.updateListener.of(update => {
          if (update.docChanged) changed.current(update.state.doc.toString())
        }),
      ],
    })
    view.current = editor
    return () => editor.destroy()
  }, [])
  useEffect(() => {
    const editor = view.current
    if (!editor) return
    const shown = editor.state.doc.toString()
    if (shown !== value) editor.dispatch({ changes: { from: 0, to: shown.length, insert: value } })
  }, [value])
  useEffect(() => {
    const editor = view.current
    if (!editor) return
    const end = editor.state.doc.length
    const marks: Diagnostic[] = problem
      ? [
          {
            from: Math.min(problem.from, end),
            to: Math.min(problem.to, end),
            severity: 'error',
            message: problem.message,
          },
        ]
      : []
    editor.dispatch(setDiagnostics(editor.state, marks))
  }, [problem])
  return <div ref={place} />
}
