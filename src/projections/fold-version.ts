/**
 * The version of the folds. A snapshot is a cache of what they made of the facts; one that other folds made is passed over.
 *
 * Raise it with every change after which the same facts give another state, or the state has another shape: a new field,
 * another rule, a mended fault. Raised too often, a start folds afresh; forgotten, a node serves what today's folds
 * would not say until its facts are folded again. The test beside the folds notices a changed shape, not a changed rule.
 */
export const foldVersion = 8;
