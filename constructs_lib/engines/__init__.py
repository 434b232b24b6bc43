"""How the engine of each mode takes a table: rows, labels, problem type, columns. Standard library and dateutil only.

ENSEMBLING is AutoGluon 0.4 upon pandas; HYPERPARAMETER_TUNING is sagemaker-scikit-learn-extension upon ML-IO. Both
were run on small inputs, and this is what they did; nothing of them is needed or copied here. What AWS puts around them
(who reads a user's file first, who finds the problem type in ENSEMBLING mode) is not public: see docs/unverified.md.

Constructs ask here at synthesis, the rehearsal when it trains, `automl inspect` when somebody wants to know.
"""
