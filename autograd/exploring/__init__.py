"""What a reader may change or answer: `explore`, the quiz, exercises.

exploration  one thing that is explored, without any user interface
"""
