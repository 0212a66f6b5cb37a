// Package words finds forbidden words in texts.
//
// A word is found where all that it is made of stands, in order. What a text may add
// without hiding it:
//
//   - Case and width: letters are compared decomposed (NFKD) and folded.
//   - Invisible characters, and marks above and below letters. A letter that the word
//     itself marks must have the same marks: a list's "coño" is not "cono".
//   - Repetition: a letter of a script that puts spaces between words must stand at
//     least as often in a row as in the word. "fuuuck" is "fuck", "good" is not found in
//     "god"; whoever lists "god" finds it in "good".
//   - Spaces and punctuation between all the letters, if there are three or more, not all
//     the same: "f u c k", "f.u.c.k". Q_Q is a face. (Two ideographs will do.) Never between two digits: 1.3 is
//     not 13.
//   - Punctuation without spaces between some of them, where the word is all that stands
//     between two spaces: "fu.ck", "f*uck". Not apostrophes: "he'll" is not "hell".
//
// Spaces between some letters hide nothing, for so does ordinary prose: "was so" holds
// no "ass", "that's hit" nothing worse. Where the word itself has spaces or punctuation
// the text must have some too, whichever. What stands at a word's ends but letters and
// digits does not count.
//
// A word that is found whole has neither letter nor digit beside it. Ideographs and
// letters of other scripts without spaces between words count as such only beside their
// like: in such writing QQ is a word of its own.
//
// Every word that is found is masked, from its first character to its last, though
// words overlap. Masking goes on until nothing more is found, so that what is masked
// stays as it is when it is judged again.
package words
