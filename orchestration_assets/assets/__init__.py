"""The boxes of the graph, one module each. They call the steps and say what came of them; they decide nothing."""
