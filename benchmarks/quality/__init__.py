"""Decision quality: how good are the verdicts on retailers whose truth is known?"""
